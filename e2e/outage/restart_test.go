//go:build e2e

package outage_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// outageTime is how long the only replica is gone before it is started again.
const outageTime = 8 * time.Second

// keptPages are prerendered, so the edge keeps them; freshPaths are answered anew each time.
var (
	keptPages  = []string{"/", "/about"}
	freshPaths = []string{"/api/echo", "/api/slow?ms=20", "/guestbook", "/api/slow?ms=300"}
)

// startOnly starts the only replica of a zone that keeps its pages, its edge, and a load.
func startOnly(t *testing.T) (app *harness.App, e *harness.Edge, l *load) {
	t.Helper()
	home := *harness.NextApps(t).Home
	app = &harness.App{Zone: "the only home", Dir: home.Dir, Ready: home.Ready}
	app.Serve(t)
	e = harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf(
		"\t\tzone home / %s {\n\t\t\tbuild %s\n\t\t\tqueue 1000 30s\n\t\t}\n\t\tcache\n",
		app.Upstream(), filepath.Join(home.Dir, ".next", "standalone"))})
	waitUntilKept(t, e)
	l = startLoad(t, e.URL(""), keptPages, freshPaths)
	time.Sleep(2 * time.Second)
	return app, e, l
}

// waitUntilKept waits until the edge keeps keptPages.
func waitUntilKept(t *testing.T, e *harness.Edge) {
	t.Helper()
	client := edgetest.PlainClient(t)
	for _, path := range keptPages {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			a := edgetest.Get(t, client, e.URL(path))
			return a.StatusCode == http.StatusOK && isHit(a.Header)
		}, "%s is kept", path)
	}
}

// startAgain starts a replica that has ended, and returns when it gave its first good answer.
func startAgain(t *testing.T, app *harness.App) time.Time {
	t.Helper()
	require.NoError(t, app.StartAgain())
	t.Cleanup(app.Kill)
	require.NoError(t, app.WaitUntilReady())
	return time.Now()
}

// requireServedAfter looks at what an outage was for those who asked during it: what is kept was answered as always, all
// else when the application was back.
func requireServedAfter(t *testing.T, answers []loadAnswer, down, back time.Time) {
	t.Helper()
	kept, waited, first := 0, 0, time.Time{}
	for _, a := range answers {
		if a.isKept {
			kept++
			assert.Less(t, a.took(), 2*time.Second, "%s is kept, and waits for nobody", a.path)
		}
		if a.isKept || a.began.Before(down) || a.began.After(back) {
			continue
		}
		waited++
		assert.Less(t, a.ended.Sub(back), back.Sub(down), "%s is answered within the time of the outage", a.path)
		if first.IsZero() || a.ended.Before(first) {
			first = a.ended
		}
	}
	assert.Greater(t, kept, 1000, "pages that were asked for")
	assert.Greater(t, waited, 200, "requests that waited")
	assert.Less(t, first.Sub(back), time.Second, "requests are answered at once when the application is back")
	t.Logf("%d waited; the first was answered %s after the application had answered", waited, first.Sub(back).Round(time.Millisecond))
}

// The only replica is told to stop, and started again eight seconds later: nobody gets an error.
func TestTheOnlyReplicaIsRestarted(t *testing.T) {
	t.Parallel()
	app, e, l := startOnly(t)
	app.Terminate(t)
	edgetest.Receive(t, app.Done, "the replica ends")
	down := time.Now()
	time.Sleep(outageTime)
	back := startAgain(t, app)
	time.Sleep(3 * time.Second)
	answers := l.end()
	requireFewFailed(t, answers, 0)
	requireServedAfter(t, answers, down, back)
	assert.Positive(t, e.Metric(t, `caddy_nextjs_queue_requests_total{result="sent",zone="home"}`))
}

// It is killed: what was in flight is sent once more, for it was only to be read, and at most that fails.
func TestTheOnlyReplicaIsKilled(t *testing.T) {
	t.Parallel()
	app, e, l := startOnly(t)
	killed := time.Now()
	app.Kill()
	down := time.Now()
	time.Sleep(outageTime)
	back := startAgain(t, app)
	time.Sleep(3 * time.Second)
	answers := l.end()
	inFlight := 0
	for _, a := range answers {
		if !a.isKept && a.began.Before(down) && a.ended.After(killed) {
			inFlight++
		}
	}
	for _, a := range failed(answers) {
		assert.True(t, a.began.Before(down), "%s was sent after the end: %d %v", a.path, a.status, a.err)
	}
	t.Logf("%d were in flight, %d failed, %.0f were sent once more", inFlight, len(failed(answers)),
		e.Metric(t, `caddy_nextjs_repeated_requests_total{zone="home"}`))
	requireFewFailed(t, answers, inFlight)
	requireServedAfter(t, answers, down, back)
	assert.Positive(t, e.Metric(t, `caddy_nextjs_repeated_requests_total{zone="home"}`))
}

// isHit reports whether an answer is one that was kept.
func isHit(header http.Header) bool {
	return strings.Contains(header.Get("Cache-Status"), "; hit")
}
