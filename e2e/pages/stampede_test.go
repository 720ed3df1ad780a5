//go:build e2e

package pages_test

import (
	"bufio"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// inFlight is how many requests the edge is serving.
func inFlight(t testing.TB, e *harness.Edge) (most float64) {
	t.Helper()
	a := edgetest.Get(t, edgetest.PlainClient(t), fmt.Sprintf("http://localhost:%d/metrics", e.AdminPort))
	for lines := bufio.NewScanner(strings.NewReader(a.Text)); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), "} "); found && strings.HasPrefix(name, "caddy_http_requests_in_flight{") {
			number, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			most = max(most, number)
		}
	}
	return most
}

var ttlText = regexp.MustCompile(`ttl=(-?\d+)`)

// ttl is how long an answer says that it stays fresh.
func ttl(t testing.TB, h http.Header) time.Duration {
	t.Helper()
	found := ttlText.FindStringSubmatch(h.Get("Cache-Status"))
	require.NotNil(t, found, h)
	seconds, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return time.Duration(seconds) * time.Second
}

// All who ask for a page whose time is over get it at once, and the application makes it once more for all of them.
func TestACrowdAtAnExpiredPage(t *testing.T) {
	s, n := startFireSite(t, fireSettings{}), harness.LongOr(200, 1000)
	old := map[*fireApp]string{}
	var over time.Time
	for _, a := range s.apps() {
		kept := s.keep(t, a.dated)
		old[a] = kept.Text
		over = time.Now().Add(ttl(t, kept.Header) + time.Second)
	}
	// Nobody may ask meanwhile: who asks has it made again.
	edgetest.Eventually(t, edgetest.Patience, func() bool { return time.Now().After(over) }, "the time of the pages is over")
	for _, a := range s.apps() {
		before := a.count(a.dated)
		release := a.hold()
		t.Cleanup(release)
		replies := s.crowd(t, n, a.dated)
		for range n {
			r := edgetest.Receive(t, replies, "everybody is answered, although the application is not done")
			require.NoError(t, r.err)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, old[a], r.body)
			require.Equal(t, "stale", howOf(r.header), r.header)
		}
		edgetest.Eventually(t, edgetest.Patience, func() bool { now, _ := a.held(); return now == 1 }, "it was asked")
		assert.Equal(t, 1, a.count(a.dated)-before, "%s is asked for once", a.dated)
		release()
		var made edgetest.Answer
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			made, _ = s.look(t, a.dated)
			return made.Text != old[a]
		}, "it was made")
		assert.Equal(t, made.Text, edgetest.Get(t, edgetest.PlainClient(t), a.URL(a.dated)).Text, "and only once")
	}
}

// All who ask for a page that nobody has asked for before get the one answer that is made for the first of them.
func TestACrowdAtAPageThatIsNew(t *testing.T) {
	s, n := startFireSite(t, fireSettings{}), harness.LongOr(200, 1000)
	for _, a := range s.apps() {
		path := a.steady
		followed := s.Metric(t, "caddy_nextjs_page_followed")
		release := a.hold()
		t.Cleanup(release)
		replies := s.crowd(t, n, path)
		edgetest.Eventually(t, edgetest.Patience, func() bool { return inFlight(t, s.Edge) >= float64(n) }, "all have asked")
		release()
		bodies := map[string]int{}
		for range n {
			r := edgetest.Receive(t, replies, "everybody is answered")
			require.NoError(t, r.err)
			require.Equal(t, http.StatusOK, r.status)
			bodies[r.body]++
		}
		assert.Len(t, bodies, 1)
		assert.Equal(t, 1, a.count(path), "%s is asked for once", path)
		assert.InDelta(t, n-1, s.Metric(t, "caddy_nextjs_page_followed")-followed, 0)
		_, how := s.look(t, path)
		assert.Equal(t, "hit", how)
	}
}
