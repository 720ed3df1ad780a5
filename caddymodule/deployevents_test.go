package caddymodule

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// What becomes of deployments is told to who subscribes to Caddy's events, and counted.
func TestEventsOfDeployments(t *testing.T) {
	for len(toldEvents) > 0 {
		<-toldEvents // of another test
	}
	e := &deployedEdge{edgetest.New(t), t, t.TempDir()}
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	zone := "zone / shop " + nextApplication(t, "first", "") + " {\n keep 1\n }"
	require.NoError(t, e.Load(t, "nextjs {\n "+zone+"\n}", edgetest.State(e.state),
		"events {\n on deployment_starting of_tests\n on deployment_live of_tests\n on deployment_failed of_tests\n on deployment_retired of_tests\n}"))
	counted := func(event string) float64 { return metric(t, "upstream_events_total", "shop", event) }
	before := map[string]float64{}
	for _, event := range []string{"deployment_starting", "deployment_live", "deployment_failed", "deployment_retired"} {
		before[event] = counted(event)
	}
	// told receives some events of the zone, each as its name and its deployment.
	told := func(count int) (events []string) {
		t.Helper()
		for range count {
			event := edgetest.Receive(t, toldEvents, "an event")
			assert.Equal(t, "shop", event.Data["zone"])
			events = append(events, fmt.Sprint(event.Name(), " ", event.Data["deployment"]))
			before[event.Name()]++
		}
		return events
	}
	second := nextApplication(t, "second", "")
	for range 2 {
		status, text := e.deploy("42", fmt.Sprintf(`{"upstreams": [%q]}`, second))
		require.Equal(t, http.StatusOK, status, text)
	}
	assert.Equal(t, []string{"deployment_starting 42", "deployment_live 42"}, told(2))

	status, text := e.deploy("43", `{"upstreams": ["127.0.0.1:1"], "timeout": "200ms"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, text)
	assert.Equal(t, []string{"deployment_starting 43", "deployment_failed 43"}, told(2))

	status, text = e.order(http.MethodPost, report.RollbackRoute, `{"zone": "shop"}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, []string{"deployment_live config"}, told(1))

	status, text = e.deploy("44", fmt.Sprintf(`{"upstreams": [%q]}`, nextApplication(t, "fourth", "")))
	require.Equal(t, http.StatusOK, status, text)
	assert.ElementsMatch(t, []string{"deployment_starting 44", "deployment_live 44", "deployment_retired 42"}, told(3),
		"only one is kept that is not live")

	status, text = e.order(http.MethodPost, report.RetireRoute, `{"zone": "shop", "deployment": "config", "now": true}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, []string{"deployment_retired config"}, told(1))
	assert.Empty(t, toldEvents, "nothing is told twice")
	for event, want := range before {
		assert.InDelta(t, want, counted(event), 0, event)
	}
}
