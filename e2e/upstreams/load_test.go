//go:build e2e

package upstreams_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	// seenWithin is how long a change of DNS may take to be seen: a second until it is asked, and one to be answered.
	seenWithin = 2 * time.Second
	// quickly is far more than an answer needs that waits for nobody, and less than it has if it waits.
	quickly = 2 * time.Second
)

// load is 50 requests a second for /quick, and 5 for /slow.
type load struct{ *harness.Load }

func startLoad(t testing.TB, e *harness.Edge) load {
	t.Helper()
	return load{harness.StartLoad(t, e.URL(""), harness.Mix{
		Every: 18 * time.Millisecond, Paths: []string{"/quick"}, Rare: []string{"/slow"}, RareEvery: 11,
	})}
}

func isQuick(a harness.LoadAnswer) bool { return a.Path == "/quick" }

// stopBetween has a replica refuse connections while no request is on its way to one. Connections that nobody has taken
// are reset when a listener closes, and who has sent a request by one cannot know that nobody has read it.
func (l load) stopBetween(t testing.TB, stopping *replica, replicas ...*replica) {
	t.Helper()
	l.WhileNoneBegins(func() {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			arrived := 0
			for _, r := range replicas {
				arrived += r.countSlow(0)
			}
			return l.Open("/quick") == 0 && l.Open("/slow") == arrived
		}, "all requests have arrived")
		stopping.refuse(t)
	})
}

// limit is until when a change that was made at a moment must have been seen. What the machine was late by meanwhile,
// which the slowest of the quick answers tells, comes on top.
func (l load) limit(changed time.Time) time.Time {
	late := time.Duration(0)
	for _, a := range l.Since(changed.Add(-time.Second), isQuick) {
		late = max(late, a.Took())
	}
	return changed.Add(seenWithin + late)
}

// goesOn waits until so many more quick requests were answered.
func (l load) goesOn(t testing.TB, count int) {
	t.Helper()
	l.WaitFor(t, count, time.Now(), isQuick, "the load goes on")
}

// requireUsed waits until each of the replicas has answered after a change, and checks that it did soon.
func (l load) requireUsed(t testing.TB, changed time.Time, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		answers := l.WaitFor(t, 1, changed, func(a harness.LoadAnswer) bool {
			return isQuick(a) && a.From == r.host && a.IsGood()
		}, "%s is used", r.host)
		first := answers[0].Began
		assert.WithinRange(t, first, changed, l.limit(changed), "%s is used soon", r.host)
		t.Logf("%s is used after %s", r.host, first.Sub(changed).Round(time.Millisecond))
	}
}

// requireUnused waits for longer than a change may take to be seen, and checks that the replicas have got nothing
// since it must have been.
func (l load) requireUnused(t testing.TB, changed time.Time, replicas ...*replica) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		answers := l.Since(l.limit(changed), isQuick)
		return len(answers) > 0 && time.Since(l.limit(changed)) > time.Second
	}, "the change must have been seen")
	for _, r := range replicas {
		arrived := r.arrivedSince(changed)
		assert.Empty(t, r.arrivedSince(l.limit(changed)), "%s gets nothing more", r.host)
		if len(arrived) > 0 {
			t.Logf("%s got its last request after %s", r.host, arrived[len(arrived)-1].Sub(changed).Round(time.Millisecond))
		}
	}
}

// requireGood checks that no request has failed, but while there was no replica: then each has, and without waiting.
func (l load) requireGood(t testing.TB, outages ...outage) {
	t.Helper()
	answers := l.Stop()
	require.NotEmpty(t, answers)
	for _, a := range answers {
		may, must := false, false
		for _, o := range outages {
			may = may || a.Began.After(o.begun) && a.Began.Before(l.limit(o.over))
			must = must || a.Began.After(l.limit(o.begun)) && a.Began.Before(o.over)
		}
		switch {
		case a.IsGood():
			assert.False(t, must, "who has answered? %s", a)
		case may:
			assert.Equal(t, http.StatusServiceUnavailable, a.Status, a)
			assert.Less(t, a.Took(), quickly, a)
		default:
			assert.Fail(t, "a request has failed", a.String())
		}
	}
}
