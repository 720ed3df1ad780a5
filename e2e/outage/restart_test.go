//go:build e2e

package outage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// outageTime is how long the only replica is gone before it is started again.
const outageTime = 8 * time.Second

// startOnly starts the only replica of a zone that keeps its pages, its edge, and a load.
func startOnly(t *testing.T) (app *harness.App, e *harness.Edge, l *harness.Load) {
	t.Helper()
	app = harness.NextApps(t).Home.StartReplicas(t, 1)[0]
	e = startKeeping(t, app)
	l = startLoad(t, e)
	time.Sleep(2 * time.Second)
	return app, e, l
}

// requireServedAfter looks at what an outage was for those who asked during it: what is kept was answered as always, all
// else when the application was back.
func requireServedAfter(t *testing.T, answers []harness.LoadAnswer, down, back time.Time) {
	t.Helper()
	kept, waited, first := 0, 0, time.Time{}
	for _, a := range answers {
		if isKept(a) {
			kept++
			assert.Less(t, a.Took(), 2*time.Second, "%s is kept, and waits for nobody", a.Path)
		}
		if isKept(a) || a.Began.Before(down) || a.Began.After(back) {
			continue
		}
		waited++
		assert.Less(t, a.Ended.Sub(back), back.Sub(down), "%s is answered within the time of the outage", a.Path)
		if first.IsZero() || a.Ended.Before(first) {
			first = a.Ended
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
	app.ServeAgain(t)
	back := time.Now()
	time.Sleep(3 * time.Second)
	answers := l.Stop()
	harness.RequireNoneFailed(t, answers)
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
	app.ServeAgain(t)
	back := time.Now()
	time.Sleep(3 * time.Second)
	answers := l.Stop()
	inFlight := 0
	for _, a := range answers {
		if !isKept(a) && a.Began.Before(down) && a.Ended.After(killed) {
			inFlight++
		}
	}
	failed := harness.Failed(answers)
	for _, a := range failed {
		assert.True(t, a.Began.Before(down), "it was sent after the end: %s", a)
	}
	t.Logf("%d were in flight, %d failed, %.0f were sent once more", inFlight, len(failed),
		e.Metric(t, `caddy_nextjs_repeated_requests_total{zone="home"}`))
	harness.RequireFewFailed(t, answers, inFlight)
	requireServedAfter(t, answers, down, back)
	assert.Positive(t, e.Metric(t, `caddy_nextjs_repeated_requests_total{zone="home"}`))
}
