//go:build e2e

package e2e_test

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
)

// inFlight is how many requests the edge is serving.
func (e *edge) inFlight(t testing.TB) (most float64) {
	t.Helper()
	a := get(t, plainClient(t), fmt.Sprintf("http://localhost:%d/metrics", e.adminPort))
	for lines := bufio.NewScanner(strings.NewReader(a.body)); lines.Scan(); {
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
	s, n := startFireSite(t, fireSettings{}), longOr(200, 1000)
	old := map[*fireApp]string{}
	var over time.Time
	for _, a := range s.apps() {
		kept := s.keep(t, a.dated)
		old[a] = kept.body
		over = time.Now().Add(ttl(t, kept.Header) + time.Second)
	}
	// Nobody may ask meanwhile: who asks has it made again.
	eventually(t, patience, func() bool { return time.Now().After(over) }, "the time of the pages is over")
	for _, a := range s.apps() {
		before := a.count(a.dated)
		release := a.hold()
		t.Cleanup(release)
		replies := s.crowd(t, n, a.dated)
		for range n {
			r := receive(t, replies, "everybody is answered, although the application is not done")
			require.NoError(t, r.err)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, old[a], r.body)
			require.Equal(t, "stale", howOf(r.header), r.header)
		}
		eventually(t, patience, func() bool { now, _ := a.held(); return now == 1 }, "it was asked")
		assert.Equal(t, 1, a.count(a.dated)-before, "%s is asked for once", a.dated)
		release()
		var made answer
		eventually(t, patience, func() bool {
			made, _ = s.look(t, a.dated)
			return made.body != old[a]
		}, "it was made")
		assert.Equal(t, made.body, get(t, plainClient(t), a.url(a.dated)).body, "and only once")
	}
}

// All who ask for a page that nobody has asked for before get the one answer that is made for the first of them.
func TestACrowdAtAPageThatIsNew(t *testing.T) {
	s, n := startFireSite(t, fireSettings{}), longOr(200, 1000)
	for _, a := range s.apps() {
		path := a.steady
		followed := s.metric(t, "caddy_nextjs_page_followed")
		release := a.hold()
		t.Cleanup(release)
		replies := s.crowd(t, n, path)
		eventually(t, patience, func() bool { return s.inFlight(t) >= float64(n) }, "all have asked")
		release()
		bodies := map[string]int{}
		for range n {
			r := receive(t, replies, "everybody is answered")
			require.NoError(t, r.err)
			require.Equal(t, http.StatusOK, r.status)
			bodies[r.body]++
		}
		assert.Len(t, bodies, 1)
		assert.Equal(t, 1, a.count(path), "%s is asked for once", path)
		assert.InDelta(t, n-1, s.metric(t, "caddy_nextjs_page_followed")-followed, 0)
		_, how := s.look(t, path)
		assert.Equal(t, "hit", how)
	}
}
