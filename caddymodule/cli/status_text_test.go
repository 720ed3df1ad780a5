package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

func TestStatusText(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	of := func(upstreams ...report.UpstreamStatus) []report.DeploymentStatus {
		return []report.DeploymentStatus{{ID: "config", Upstreams: upstreams}}
	}
	status := report.Status{Zones: []report.ZoneStatus{
		{Name: "home", Deployments: of(
			report.UpstreamStatus{Upstream: "10.0.0.1:3000", State: "healthy", Since: now.Add(-50 * time.Hour), InFlight: 12, EventStreams: 2, Sockets: 1, Latency: 4.06},
			report.UpstreamStatus{Upstream: "10.0.0.22:3000", State: "ejected", Why: "it fails where others answer", Since: now.Add(-7 * time.Second), Latency: 112.4},
		)},
		{Name: "blog", PausedUntil: new(now.Add(30 * time.Second)), Waiting: 4, Deployments: of(report.UpstreamStatus{
			Upstream: "web:3000", State: "draining", Why: "taken out of rotation by me", Holder: "me", Since: now, Until: new(now.Add(9 * time.Second)),
		})},
		{Name: "shop", Deployments: of()},
		{Name: "docs", Export: true},
	}, Drains: []report.DrainStatus{{Upstream: "10.0.0.9:3000", Since: now.Add(-49 * time.Hour)}}}
	assert.Equal(t, `ZONE  UPSTREAM        STATE               IN FLIGHT  LATENCY  SINCE  WHY
home  10.0.0.1:3000   healthy   12 (3 open streams)   4.1 ms     2d
home  10.0.0.22:3000  ejected                     0   112 ms     7s  it fails where others answer
blog  web:3000        draining                    0        -     0s  taken out of rotation by me until 12:00:09
blog  -               paused                      -        -      -  paused until 12:00:30
blog  -               queue                       4        -      -  they wait for an upstream
shop  -               none                        -        -      -  DNS tells no upstream
docs  -               export                      -        -      -
-     10.0.0.9:3000   draining                    -        -     2d  taken out of rotation; no zone has it
`, StatusText(status, now))
	assert.Equal(t, "The edge has no zones.\n", StatusText(report.Status{}, now))
}

func TestStatusTextOfDeployments(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	of := func(name string, since time.Duration) []report.UpstreamStatus {
		return []report.UpstreamStatus{{Upstream: name, State: "healthy", Since: now.Add(-since), Latency: 4.06}}
	}
	status := report.Status{Zones: []report.ZoneStatus{
		{Name: "home", Deployments: []report.DeploymentStatus{{ID: "config", Live: true, Upstreams: of("web:3000", time.Hour)}}},
		{Name: "shop", Waiting: 2, Deployments: []report.DeploymentStatus{
			{ID: "43", State: report.StateStarting, Since: now, Upstreams: of("10.0.0.9:3000", 0)},
			{ID: "42", State: report.StateLive, Live: true, Since: now.Add(-5 * time.Minute), Dir: "/srv/builds/42", Upstreams: of("10.0.0.8:3000", 6*time.Minute)},
			{ID: "41", State: report.StateDraining, Since: now.Add(-5 * time.Minute), Pinned: 37, Upstreams: of("10.0.0.7:3000", 50*time.Hour)},
			{ID: "config", State: report.StateRetired, Since: now.Add(-50 * time.Hour), Build: "Xr8"},
			{ID: "Qp3", State: report.StateRetired, Since: now.Add(-60 * time.Hour), Build: "Qp3"},
		}},
	}, Drains: []report.DrainStatus{{Upstream: "10.0.0.5:3000", Since: now.Add(-49 * time.Hour)}}}
	assert.Equal(t, `ZONE  DEPLOYMENT  UPSTREAM       STATE     IN FLIGHT  LATENCY  SINCE  WHY
home  config      web:3000       healthy           0   4.1 ms     1h
shop  43          -              starting          -        -     0s
shop  43          10.0.0.9:3000  healthy           0   4.1 ms     0s
shop  42          -              live              -        -     5m  documents go here, build /srv/builds/42
shop  42          10.0.0.8:3000  healthy           0   4.1 ms     6m
shop  41          -              draining          -        -     5m  37 requests followed their document
shop  41          10.0.0.7:3000  healthy           0   4.1 ms     2d
shop  config      -              retired           -        -     2d  build Xr8
shop  Qp3         -              retired           -        -     2d
shop  -           -              queue             2        -      -  they wait for an upstream
-     -           10.0.0.5:3000  draining          -        -     2d  taken out of rotation; no zone has it
`, StatusText(status, now))
}

func TestDrainedText(t *testing.T) {
	drained := report.Drained{
		UpstreamStatus: report.UpstreamStatus{Upstream: "web:3000", State: "draining", Why: "taken out of rotation", InFlight: 3},
		Zones:          []string{"home", "shop"},
	}
	assert.Equal(t, "web:3000 of home, shop is draining: taken out of rotation, 3 in flight\n"+
		"This is forgotten when the edge is started again.\n", drainedText(drained))
	drained.Durable = true
	assert.Equal(t, "web:3000 of home, shop is draining: taken out of rotation, 3 in flight\n", drainedText(drained))
	back := report.Drained{UpstreamStatus: report.UpstreamStatus{Upstream: "web:3000", State: "healthy"}, Zones: []string{"home"}}
	assert.Equal(t, "web:3000 of home is healthy, 0 in flight\n", drainedText(back))
	unused := report.Drained{UpstreamStatus: report.UpstreamStatus{Upstream: "web:3000", State: "unknown", Why: "no zone has it"}, Durable: true}
	assert.Equal(t, "web:3000 is unknown: no zone has it, 0 in flight\n", drainedText(unused))
}
