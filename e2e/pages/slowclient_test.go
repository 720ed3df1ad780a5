//go:build e2e

package pages_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// stepper is an application that may be kept, and sends the next part of its answer when it is told to.
type stepper struct {
	*httptest.Server
	parts chan string
	mu    sync.Mutex
	asked int
}

func startStepper(t *testing.T) *stepper {
	t.Helper()
	s := &stepper{parts: make(chan string)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=3600")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if strings.HasPrefix(r.URL.Path, "/whole") {
			s.count()
			_, _ = io.WriteString(w, longTexts[r.URL.Query().Get("size")]())
			return
		}
		if r.URL.Path != "/steps" {
			http.NotFound(w, r)
			return
		}
		s.count()
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case part, more := <-s.parts:
				if !more {
					return
				}
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stepper) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
}

func (s *stepper) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// longTexts are texts of so many MiB of which no two lines are alike.
var longTexts = map[string]func() string{"7": sync.OnceValue(func() string { return longText(7) }), "16": sync.OnceValue(func() string { return longText(16) })}

func longText(mebibytes int) string {
	var text strings.Builder
	for i := 0; text.Len() < mebibytes<<20; i++ {
		text.WriteString(strconv.Itoa(i))
		text.WriteString(" is the number of this line, which is one of many in a long page that no client reads to its end\n")
	}
	return text.String()
}

func startSteppedEdge(t *testing.T) (*harness.Edge, *stepper) {
	t.Helper()
	s := startStepper(t)
	e := harness.StartEdge(t, nil, harness.Setup{
		Global: fmt.Sprintf("\tmetrics\n\tnextjs {\n\t\tstate %s\n\t}\n", t.TempDir()),
		Zones:  fmt.Sprintf("\t\tzone / %s\n\t\tcache\n", strings.TrimPrefix(s.URL, "http://")),
	})
	return e, s
}

// slowClient asks for a path and reads nothing of the answer: what the kernel does not hold (some 4 MiB) waits in the
// edge.
func slowClient(t *testing.T, e *harness.Edge, path string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", e.Address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, e.Address())
	require.NoError(t, err)
	return conn
}

// rest reads the answer of a slow client at last.
func rest(t *testing.T, from net.Conn) string {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(from), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err, "the answer is whole")
	return string(body)
}

// Each part of a page reaches all who ask for it before the next one is there, and who leaves takes nothing away from
// the others, the first one neither.
func TestAFillingPageStreamsToAll(t *testing.T) {
	e, s := startSteppedEdge(t)
	client := edgetest.PlainClient(t)
	ask := func() (*bufio.Reader, func()) {
		res, err := client.Do(edgetest.Request(t, edgetest.Within(t, 2*edgetest.Patience), http.MethodGet, e.URL("/steps"),
			nil))
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return bufio.NewReader(res.Body), func() { _ = res.Body.Close() }
	}
	line := func(from *bufio.Reader, want string) {
		got, err := from.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want+"\n", got)
	}
	leader, leave := ask()
	s.parts <- "one\n"
	line(leader, "one")
	var followers []*bufio.Reader
	for range 3 {
		follower, _ := ask()
		line(follower, "one")
		followers = append(followers, follower)
	}
	s.parts <- "two\n"
	for _, one := range append(followers, leader) {
		line(one, "two")
	}
	leave()
	s.parts <- "three\n"
	for _, one := range followers {
		line(one, "three")
	}
	close(s.parts)
	for _, one := range followers {
		_, err := one.ReadByte()
		require.ErrorIs(t, err, io.EOF, "it ends in good order")
	}
	assert.Equal(t, 1, s.times())
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		kept := edgetest.Get(t, client, e.URL("/steps"))
		assert.Equal(t, "one\ntwo\nthree\n", kept.Text)
		return howOf(kept.Header) == "hit"
	}, "it is kept")
	assert.Equal(t, 1, s.times())
}

// Clients that read nothing, whichever place they have in the row, keep nobody from a page, and get all of it when they
// read at last.
func TestSlowClientsOfAFillingPage(t *testing.T) {
	for _, c := range []struct {
		name, size string
		kept       bool
	}{{"a page that is kept", "7", true}, {"a page that is too large to be kept", "16", false}} {
		t.Run(harness.NoSlash(c.name), func(t *testing.T) {
			e, s := startSteppedEdge(t)
			want := longTexts[c.size]()
			path := "/whole?size=" + c.size
			for _, slowFirst := range []bool{true, false} {
				path := fmt.Sprintf("%s&first=%t", path, slowFirst)
				before := s.times()
				var slow []net.Conn
				var fast sync.WaitGroup
				slowOnes := func() {
					for range 2 {
						slow = append(slow, slowClient(t, e, path))
					}
				}
				if slowFirst {
					slowOnes()
					edgetest.Eventually(t, edgetest.Patience, func() bool { return s.times() > before }, "the slow one leads")
				}
				for range 2 {
					client := edgetest.PlainClient(t)
					fast.Go(func() {
						a := fetch(edgetest.Within(t, 2*edgetest.Patience), client, e.URL(path))
						assert.NoError(t, a.err)
						assert.True(t, a.body == want, "%d bytes of %d", len(a.body), len(want))
					})
				}
				if !slowFirst {
					slowOnes()
				}
				fast.Wait() // nobody has read anything of the slow ones
				for _, one := range slow {
					got := rest(t, one)
					assert.True(t, got == want, "%d bytes of %d", len(got), len(want))
				}
				if c.kept {
					assert.Equal(t, before+1, s.times())
					assert.Equal(t, "hit", howOf(edgetest.Get(t, edgetest.PlainClient(t), e.URL(path)).Header))
				}
			}
			edgetest.Eventually(t, edgetest.Patience, func() bool { return e.Metric(t, "caddy_nextjs_page_filling_bytes") == 0 },
				"the memory is given back")
		})
	}
}

// A first client that reads nothing does not keep its page as it was.
func TestASlowFirstClientDoesNotHoldItsPage(t *testing.T) {
	e, s := startSteppedEdge(t)
	const path = "/whole?size=7"
	slow := slowClient(t, e, path)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return howOf(edgetest.Get(t, edgetest.PlainClient(t), e.URL(path)).Header) == "hit"
	}, "it is kept")
	require.Equal(t, 1, s.times())
	_, failure := harness.NextjsCommand(t, "purge", "pages", "--address", fmt.Sprintf("localhost:%d", e.AdminPort),
		"--all", "--soft")
	require.Empty(t, failure)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return strings.Contains(edgetest.Get(t, edgetest.PlainClient(t), e.URL(path)).Header.Get("Cache-Status"),
			"detail=fresh")
	}, "it is fetched again")
	assert.Equal(t, 2, s.times())
	assert.Len(t, rest(t, slow), len(longTexts["7"]()))
}
