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
		w.Header().Set(harness.FromHeader, address)
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
func startWithStubborn(t *testing.T, atTerm string) (e *harness.Edge, s *stubborn, l *harness.Load) {
	t.Helper()
	s = startStubborn(t, atTerm)
	e = startBesideTwo(t, s.address)
	l = harness.StartLoad(t, e.URL(""), mixOf("/", "/about", "/products?page=1"))
	l.WaitFor(t, 6, time.Time{}, s.hasMade, "it gets requests")
	return e, s, l
}

// hasMade reports whether an answer is this server's.
func (s *stubborn) hasMade(a harness.LoadAnswer) bool { return a.From == s.address }

// A replica that does not end when it is told to, though it was drained before: it gets nothing, and nobody an error.
// When it is put back it gets requests if it takes connections; else it is unhealthy.
func TestADrainedReplicaThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for atTerm, then := range map[string]string{ignores: "healthy", closes: "unhealthy"} {
		t.Run(atTerm, func(t *testing.T) {
			t.Parallel()
			e, s, l := startWithStubborn(t, atTerm)
			assert.Contains(t, command(t, e, "drain", s.address, "--wait", "10s"), " 0 in flight")
			drained := time.Now()
			s.terminate(t)
			time.Sleep(2 * time.Second)
			assert.Empty(t, l.Since(drained, s.hasMade))
			command(t, e, "undrain", s.address)
			becomes(t, e, s.address, then)
			if then == "healthy" {
				l.WaitFor(t, 6, drained, s.hasMade, "it gets requests again")
			}
			harness.RequireNoneFailed(t, l.Stop())
			assert.True(t, s.Running(), "it has not ended")
		})
	}
}

// One that was not drained gets requests for as long as it takes connections. One that takes none any more answers what
// it has, and the others get the rest.
func TestAReplicaThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for atTerm, then := range map[string]string{ignores: "healthy", closes: "unhealthy"} {
		t.Run(atTerm, func(t *testing.T) {
			t.Parallel()
			e, s, l := startWithStubborn(t, atTerm)
			time.Sleep(4 * time.Second) // slow requests are with each
			s.terminate(t)
			told := time.Now()
			becomes(t, e, s.address, then)
			if then == "healthy" {
				l.WaitFor(t, 6, told, s.hasMade, "it is used on")
			}
			answers := l.Stop()
			harness.RequireNoneFailed(t, answers)
			wasInFlight := func(a harness.LoadAnswer) bool { return s.hasMade(a) && a.WasOpenAt(told) }
			assert.True(t, slices.ContainsFunc(answers, wasInFlight), "what was in flight is answered")
			assert.True(t, s.Running(), "it has not ended")
		})
	}
}
