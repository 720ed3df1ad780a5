package caddymodule

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A build in place, once its application runs it, is live, and the one before is retired, over restarts too.
func TestABuildInPlaceRetiresTheOneBefore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	p := startProcess(t, "first")
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone / shop %s {\n build %s\n }\n}", p.address, dir)
	events := func(event string) float64 { return metric(t, "upstream_events_total", "shop", event) }
	live, retired := events("deployment_live"), events("deployment_retired")
	e := newDeployedEdge(t, site)
	assert.Equal(t, map[string]string{"config": "live"}, e.states())
	eventuallyEqual(t, true, func() bool { return p.proven.Load() > 0 })

	writeNext(t, dir, "second")
	eventuallyEqual(t, "second second ", waitingBuilds)
	assert.Equal(t, map[string]string{"config": "live"}, e.states(), "it waits")
	p.run("second")
	eventuallyEqual(t, map[string]string{"config": "live", "first": "retired"}, e.states)
	eventuallyEqual(t, []float64{1, 1}, func() []float64 {
		return []float64{events("deployment_live") - live, events("deployment_retired") - retired}
	})
	answer := e.Ask(t, http.MethodGet, "/page")
	assert.Contains(t, answer.Text, "second")
	assert.Empty(t, answer.Header.Values("Set-Cookie"), "nothing was deployed beside it")
	status, text := e.order(http.MethodPost, report.RollbackRoute, `{"zone": "shop"}`)
	assert.Equal(t, http.StatusConflict, status, text)
	status, text = e.order(http.MethodPost, report.PromoteRoute, `{"zone": "shop", "deployment": "first"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "deploy it again")

	e.load(site + "\n# reloaded")
	assert.Equal(t, map[string]string{"config": "live", "first": "retired"}, e.states())
	require.NoError(t, caddy.Stop())
	writeNext(t, dir, "third")
	p.run("third")
	e.load(site)
	eventuallyEqual(t, map[string]string{"config": "live", "second": "retired", "first": "retired"}, e.states)
}

// A rollback, or another deployment that is made live, ends a deploy that has not ended.
func TestADeployIsGivenUpForALaterOrder(t *testing.T) {
	application := edgetest.NewRestartable(t, http.NotFoundHandler())
	application.Stop()
	second := nextApplication(t, "second", "")
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+nextApplication(t, "first", "")+"\n}")
	status, text := e.deploy("two", fmt.Sprintf(`{"upstreams": [%q]}`, second))
	require.Equal(t, http.StatusOK, status, text)
	for _, test := range []struct {
		route, order string
		states       map[string]string
	}{
		{report.RollbackRoute, `{"zone": "shop"}`, map[string]string{"config": "draining", "two": "live"}},
		{report.RetireRoute, `{"zone": "shop", "deployment": "42"}`, map[string]string{"config": "draining", "two": "live"}},
		{report.PromoteRoute, `{"zone": "shop", "deployment": "config"}`, map[string]string{"config": "live", "two": "draining"}},
		{report.RollbackRoute, `{"zone": "shop", "deployment": "two"}`, map[string]string{"config": "draining", "two": "live"}},
	} {
		answers := e.deployLater("42", fmt.Sprintf(`{"upstreams": [%q]}`, application.Address))
		eventuallyEqual(t, "starting", func() string { return e.states()["42"] })
		status, text := e.order(http.MethodPost, test.route, test.order)
		require.Equal(t, http.StatusOK, status, text)
		deployed := edgetest.Receive(t, answers, "the deploy is answered")
		assert.Equal(t, http.StatusUnprocessableEntity, deployed.status)
		assert.Contains(t, deployed.text, "it was given up")
		assert.Equal(t, test.states, e.states(), test.order)
	}
}

// Two applications of one name are not taken for builds of each other.
func TestBuildsInPlaceOfTwoApplicationsOfOneName(t *testing.T) {
	dirs, processes := [2]string{}, [2]*process{}
	for i := range dirs {
		dirs[i] = filepath.Join(t.TempDir(), ".next")
		writeNext(t, dirs[i], fmt.Sprint("first", i))
		processes[i] = startProcess(t, fmt.Sprint("first", i))
	}
	site := func(i int) string {
		return fmt.Sprintf("nextjs {\n watch 10ms\n zone / shop %s {\n build %s\n }\n}", processes[i].address, dirs[i])
	}
	e, port, state := edgetest.New(t), edgetest.FreePort(t), t.TempDir()
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	load := func() {
		t.Helper()
		require.NoError(t, e.Load(t, site(0), fmt.Sprintf("nextjs {\n state %s\n}\n}\nhttp://localhost:%s {\n %s", state, port, site(1))))
	}
	load()
	eventuallyEqual(t, true, func() bool { return processes[0].proven.Load() > 0 && processes[1].proven.Load() > 0 })
	for i := range dirs {
		writeNext(t, dirs[i], fmt.Sprint("second", i))
		processes[i].run(fmt.Sprint("second", i))
	}
	eventuallyEqual(t, map[string]bool{"second0": true, "second1": true}, func() map[string]bool {
		served := map[string]bool{}
		for _, site := range edge.Sites() {
			served[site.View.Load().List[0].Build.ID] = true
		}
		return served
	})
	load()
	load()
	assert.Empty(t, running.app().fleet.State().Rollouts)
}
