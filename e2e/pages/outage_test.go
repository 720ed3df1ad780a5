//go:build e2e

package pages_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// outages are the ways in which an application can be gone: each with what ends it, and with the statuses of pages that
// are not kept.
var outages = []struct {
	name     string
	begin    func(t *testing.T, a *fireApp) (end func())
	statuses []int
}{
	{"nobody answers", func(t *testing.T, a *fireApp) func() {
		a.close()
		return func() { a.open(t) }
	}, []int{http.StatusBadGateway, http.StatusServiceUnavailable}},
	{"it answers 500", func(_ *testing.T, a *fireApp) func() {
		a.answerInstead(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) })
		return func() { a.answerInstead(nil) }
	}, []int{http.StatusInternalServerError}},
	{"it hangs", func(_ *testing.T, a *fireApp) func() { return a.hold() }, nil},
}

// All applications are gone for a while: their pages go on being served, marked as stale, and are new again when the
// applications are back.
func TestPagesOutliveTheirApplications(t *testing.T) {
	for _, outage := range outages {
		t.Run(harness.NoSlash(outage.name), func(t *testing.T) {
			t.Parallel()
			// What is not kept waits for its application, and that is not what this test is about.
			s := startFireSite(t, fireSettings{cache: "stale_if_error 1h", zone: "queue 512 500ms"})
			old, over := map[*fireApp]edgetest.Answer{}, -time.Duration(harness.LongOr(1, 60))*time.Second
			var ends []func()
			for _, a := range s.apps() {
				s.keep(t, a.steady)
				old[a] = s.keep(t, a.dated)
				ends = append(ends, outage.begin(t, a))
			}
			for _, a := range s.apps() {
				edgetest.Eventually(t, 4*edgetest.Patience, func() bool {
					kept, how := s.look(t, a.dated)
					require.Equal(t, http.StatusOK, kept.StatusCode)
					require.Equal(t, old[a].Text, kept.Text)
					left := ttl(t, kept.Header)
					require.Equal(t, left < 0, how == "stale")
					return left < over
				}, "the time of the page is over")
				for _, status := range outage.statuses {
					other := edgetest.Get(t, edgetest.PlainClient(t), s.URL(a.Path("/absent-from-the-cache")))
					assert.Contains(t, outage.statuses, other.StatusCode, status)
				}
				if len(outage.statuses) > 0 {
					// What was purged does not come back, whatever happens.
					s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q}`, a.steady))
					gone, _ := s.look(t, a.steady)
					assert.Contains(t, outage.statuses, gone.StatusCode)
				}
			}
			for _, end := range ends {
				end()
			}
			for _, a := range s.apps() {
				edgetest.Eventually(t, edgetest.Patience, func() bool {
					now, how := s.look(t, a.dated)
					return how == "hit" && madeAt(now.Text) > madeAt(old[a].Text)
				}, "the page is new again")
			}
		})
	}
}

// An application that hangs is not asked for more stale pages at once than the settings say, however many clients ask
// for however many of them.
func TestAnApplicationThatHangsIsNotFloodedWithRevalidations(t *testing.T) {
	s, pages := startFireSite(t, fireSettings{global: "revalidations 3"}), harness.LongOr(10, 200)
	path := func(i int) string { return fmt.Sprintf("/market/items/hang-%d/", i) }
	for i := range pages {
		s.keep(t, path(i))
	}
	release := s.next15.hold()
	t.Cleanup(release)
	s.purge(t, `{"cache": "pages", "zone": "next15", "soft": true}`)
	for range 3 {
		for i := range pages {
			_, how := s.look(t, path(i))
			assert.Equal(t, "hit", how, "nobody waits for the application")
		}
	}
	edgetest.Eventually(t, edgetest.Patience, func() bool { now, _ := s.next15.held(); return now == 3 }, "as many are fetched as may be")
	now, most := s.next15.held()
	assert.Equal(t, 3, now)
	assert.Equal(t, 3, most)
	assert.InDelta(t, 3, s.Metric(t, "caddy_nextjs_page_revalidating"), 0)
	release()
	for i := range pages {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			a, _ := s.look(t, path(i))
			return a.Header.Get("Cache-Status") == "nextjs; hit; ttl="+ttlText.FindStringSubmatch(a.Header.Get("Cache-Status"))[1]+"; detail=fresh"
		}, "it is fresh again")
	}
}
