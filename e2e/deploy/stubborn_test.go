//go:build e2e

package deploy_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// stubbornEnv names the variable by which the test's binary learns that it is to be a server that never ends when it is
// told to, and what it does instead.
const stubbornEnv = "DEPLOY_TEST_STUBBORN"

// What a stubborn server does at SIGTERM.
const (
	ignores = "ignores" // it serves on
	closes  = "closes"  // it takes no more connections and answers what it has, as `next start` does, but stays
)

// The process serves until it is killed, if it has been started by startStubborn.
func init() {
	if atTerm := os.Getenv(stubbornEnv); atTerm != "" {
		serveStubbornly(atTerm)
	}
}

func serveStubbornly(atTerm string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	address := listener.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-From", address)
		answerLate(r)
	})}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() { _ = server.Serve(listener) }()
	fmt.Println(address)
	for range told {
		fmt.Println("told")
		if atTerm == closes {
			_ = server.Shutdown(context.Background())
		}
	}
}

// stubborn is a server in a process of its own.
type stubborn struct {
	*harness.Process
	address string
}

func startStubborn(t *testing.T, atTerm string) *stubborn {
	t.Helper()
	process, err := harness.StartProcess("a server that "+atTerm, "", []string{stubbornEnv + "=" + atTerm}, os.Args[0])
	require.NoError(t, err)
	t.Cleanup(process.Kill)
	s := &stubborn{Process: process}
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		var ended bool
		s.address, _, ended = strings.Cut(s.Log.Since(0), "\n")
		return ended
	}, "it listens")
	return s
}

// terminate tells it to end, which it hears.
func (s *stubborn) terminate(t *testing.T) {
	t.Helper()
	s.Terminate(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return strings.HasSuffix(s.Log.Since(0), "told\n") }, "it is told")
}

// startWithStubborn starts an edge before two servers that are well and a stubborn one, and a load that reaches it.
func startWithStubborn(t *testing.T, atTerm string) (e *harness.Edge, s *stubborn, l *load) {
	t.Helper()
	s = startStubborn(t, atTerm)
	e = harness.StartEdge(t, nil, harness.Setup{
		Zones: fmt.Sprintf("\t\tzone / %s %s %s\n", newFaultyServer(t).address, newFaultyServer(t).address, s.address),
	})
	l = startLoad(t, e.URL(""), "/", "/about", "/products?page=1")
	edgetest.Eventually(t, edgetest.Patience, func() bool { return l.fromSince(s.address, time.Time{}) > 5 }, "it gets requests")
	return e, s, l
}

// fromSince is how many requests that began after a moment a server has answered.
func (l *load) fromSince(address string, since time.Time) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.answers {
		if a.from == address && a.began.After(since) {
			count++
		}
	}
	return count
}

// A replica that does not end when it is told to, though it was drained before: it gets nothing, and nobody an error.
// When it is put back it gets requests if it takes connections; else it is unhealthy.
func TestADrainedReplicaThatDoesNotEnd(t *testing.T) {
	for atTerm, then := range map[string]string{ignores: "healthy", closes: "unhealthy"} {
		t.Run(atTerm, func(t *testing.T) {
			t.Parallel()
			e, s, l := startWithStubborn(t, atTerm)
			assert.Contains(t, command(t, e, "drain", s.address, "--wait", "10s"), " 0 in flight")
			drained := time.Now()
			s.terminate(t)
			time.Sleep(2 * time.Second)
			assert.Zero(t, l.fromSince(s.address, drained))
			command(t, e, "undrain", s.address)
			becomes(t, e, s.address, then)
			if then == "healthy" {
				edgetest.Eventually(t, edgetest.Patience, func() bool { return l.fromSince(s.address, drained) > 5 }, "it gets requests again")
			}
			requireNoneFailed(t, l.end())
			assert.True(t, s.Running(), "it has not ended")
		})
	}
}

// One that was not drained gets requests for as long as it takes connections. One that takes none any more answers what
// it has, and the others get the rest.
func TestAReplicaThatDoesNotEnd(t *testing.T) {
	for atTerm, then := range map[string]string{ignores: "healthy", closes: "unhealthy"} {
		t.Run(atTerm, func(t *testing.T) {
			t.Parallel()
			e, s, l := startWithStubborn(t, atTerm)
			time.Sleep(4 * time.Second) // slow requests are with each
			s.terminate(t)
			told := time.Now()
			becomes(t, e, s.address, then)
			if then == "healthy" {
				edgetest.Eventually(t, edgetest.Patience, func() bool { return l.fromSince(s.address, told) > 5 }, "it is used on")
			}
			answers := l.end()
			requireNoneFailed(t, answers)
			wasInFlight := func(a loadAnswer) bool {
				return a.from == s.address && a.began.Before(told) && a.began.Add(a.took).After(told)
			}
			assert.True(t, slices.ContainsFunc(answers, wasInFlight), "what was in flight is answered")
			assert.True(t, s.Running(), "it has not ended")
		})
	}
}
