package fleet

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const leased = "10.0.0.1:3000"

// shownStatus is what status tells of the first zone.
func shownStatus() report.ZoneStatus {
	site := edge.Sites()[0]
	return zoneStatus(site, site.View.Load().List[0], func(*deploy.Upstream) (events, sockets int) { return 0, 0 })
}

func TestALeaseIsItsHolders(t *testing.T) {
	state := serve(t, map[string][]deploy.Address{"root": {{Dial: leased}}})
	var drained report.Drained
	lease := func(holder string) error {
		return send(t, report.DrainRoute, map[string]string{"upstream": leased, "lease": "15s", "holder": holder}, &drained)
	}
	release := func(holder string) error {
		return send(t, report.UndrainRoute, map[string]string{"upstream": leased, "holder": holder}, &drained)
	}
	require.NoError(t, lease("me"))
	assert.Equal(t, "me", drained.Holder)
	assert.Equal(t, "draining", drained.State)
	assert.Equal(t, "taken out of rotation by me", drained.Why)
	assert.WithinDuration(t, time.Now().Add(15*time.Second), *drained.Until, 5*time.Second)
	assert.False(t, drained.Durable)
	shown := shownStatus()
	assert.Equal(t, "me", shown.Deployments[0].Upstreams[0].Holder)
	assert.Equal(t, drained.Until.UTC(), shown.Deployments[0].Upstreams[0].Until.UTC().Round(0))
	require.NoError(t, lease("me"), "it is renewed")
	requireRefused(t, lease("you"), http.StatusConflict, "another one has the lease of this upstream")
	requireRefused(t, release("you"), http.StatusConflict, "another one has the lease of this upstream")
	require.NoError(t, release("me"))
	assert.Equal(t, "healthy", drained.State)
	require.NoError(t, release("me"), "it has ended")

	require.NoError(t, lease("me"))
	_, err := order(t, report.DrainRoute, leased)
	require.NoError(t, err)
	assert.Empty(t, state.State().Drains[leased].Holder, "an operator takes it over")
	requireRefused(t, lease("me"), http.StatusConflict, "an operator has drained this upstream")
	requireRefused(t, release("me"), http.StatusConflict, "an operator has drained this upstream")
}

func TestOrdersThatAreNotUnderstood(t *testing.T) {
	serve(t, map[string][]deploy.Address{"root": {{Dial: leased}}})
	for _, row := range []struct {
		route   string
		order   map[string]string
		message string
	}{
		{report.DrainRoute, map[string]string{"lease": "15s"}, "a lease needs both, lease and holder"},
		{report.DrainRoute, map[string]string{"holder": "me"}, "a lease needs both, lease and holder"},
		{report.DrainRoute, map[string]string{"holder": "me", "lease": "11m"}, `lease takes a duration of at most 10m0s, such as 30s; found "11m"`},
		{report.DrainRoute, map[string]string{"holder": "me\n", "lease": "1s"}, "holder takes no control characters"},
		{report.DrainRoute, map[string]string{"holder": strings.Repeat("m", 129), "lease": "1s"}, "holder takes at most 128 bytes"},
		{report.DrainRoute, map[string]string{"wait": "long"}, `wait takes a duration of at most 10m0s, such as 30s; found "long"`},
		{report.UndrainRoute, map[string]string{"healthy": "-1s"}, `healthy takes a duration of at most 10m0s, such as 30s; found "-1s"`},
		{report.PauseRoute, map[string]string{"for": "11m"}, `for takes a duration of at most 10m0s, such as 30s; found "11m"`},
		{report.PauseRoute, map[string]string{"wait": "1h"}, `wait takes a duration of at most 10m0s, such as 30s; found "1h"`},
		{report.PauseRoute, map[string]string{}, `the order names no zone: {"zone": "shop"}`},
		{report.ResumeRoute, map[string]string{}, `the order names no zone: {"zone": "shop"}`},
		{report.ResumeRoute, map[string]string{"zone": "docs"}, `unknown zone "docs"; the configuration has: root`},
	} {
		if row.route == report.DrainRoute || row.route == report.UndrainRoute {
			row.order["upstream"] = leased
		}
		requireRefused(t, send(t, row.route, row.order, nil), http.StatusBadRequest, row.message)
	}
}

// An upstream is put back once it answers. One that does not in the time stays out.
func TestUndrainAsksWhetherTheUpstreamAnswers(t *testing.T) {
	away := edgetest.NewRestartable(t, http.NotFoundHandler())
	state := serve(t, map[string][]deploy.Address{"root": {{Dial: away.Address}}})
	_, err := order(t, report.DrainRoute, away.Address)
	require.NoError(t, err)
	away.Stop()
	var drained report.Drained
	back := func(healthy string) error {
		return send(t, report.UndrainRoute, map[string]string{"upstream": away.Address, "healthy": healthy}, &drained)
	}
	requireRefused(t, back("300ms"), http.StatusGatewayTimeout, away.Address+" did not answer within 300ms, and stays out: ")
	assert.Contains(t, state.State().Drains, away.Address)

	answered := make(chan error, 1)
	go func() { answered <- back(edgetest.Patience.String()) }()
	away.Start()
	require.NoError(t, edgetest.Receive(t, answered, "the answer"))
	assert.Equal(t, "healthy", drained.State)
	assert.Empty(t, state.State().Drains)
}

func TestAZoneIsPausedAndResumed(t *testing.T) {
	state := serve(t, map[string][]deploy.Address{"root": {{Dial: leased}}, "shop": {{Dial: leased}}})
	var paused report.PauseStatus
	pause := func(order map[string]string) {
		t.Helper()
		order["zone"] = "root"
		require.NoError(t, send(t, report.PauseRoute, order, &paused))
	}
	pause(map[string]string{})
	assert.WithinDuration(t, time.Now().Add(30*time.Second), *paused.Until, 5*time.Second)
	pause(map[string]string{"for": "10m", "wait": "10m"})
	assert.WithinDuration(t, time.Now().Add(10*time.Minute), *paused.Until, 5*time.Second)
	assert.Nil(t, state.State().Zones["shop"].Paused)
	paused = report.PauseStatus{}
	require.NoError(t, send(t, report.ResumeRoute, map[string]string{"zone": "root"}, &paused))
	assert.Nil(t, paused.Until)
	assert.Nil(t, state.State().Zones["root"].Paused)
}

// The answer waits for what is in flight, but not for streams that have no end.
func TestPauseWaitsForWhatIsInFlight(t *testing.T) {
	state := serve(t, map[string][]deploy.Address{"root": {{Dial: leased}}})
	rotation := edge.Sites()[0].View.Load().List[0].Upstreams
	begin := func() deploy.Try {
		try, err := rotation.Pick(time.Now(), nil, deploy.Affinity{})
		require.NoError(t, err)
		return try
	}
	stream, short := begin(), begin()
	streams := func(*deploy.Upstream) (events, sockets int) { return 1, 0 }
	_, err := state.Do(deploy.Pause{Name: "root", Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	assert.True(t, state.State().Zones["root"].Paused.Until.Equal(*shownStatus().PausedUntil))
	state.waitUntilIdle(t.Context(), "root", time.Millisecond, streams)
	assert.EqualValues(t, 1, state.pauseStatus("root", streams).Unfinished(), "the time is over")
	done := make(chan struct{})
	go func() {
		state.waitUntilIdle(t.Context(), "root", time.Hour, streams)
		close(done)
	}()
	short.End()
	edgetest.Receive(t, done, "the end of the wait")
	assert.Equal(t, report.PauseStatus{
		Zone: "root", Until: &state.State().Zones["root"].Paused.Until, InFlight: 1, EventStreams: 1,
	}, state.pauseStatus("root", streams))
	stream.End()
}
