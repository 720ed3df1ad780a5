//go:build e2e

package ops_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// noticed returns how often a notice was said in the edge's log.
func noticed(e *harness.Edge, notice string) int {
	return strings.Count(e.Log.Since(0), fmt.Sprintf(`"notice":%q`, notice))
}

func noticeSeries(zone, notice string) string {
	return fmt.Sprintf("caddy_nextjs_notices_total{notice=%q,zone=%q}", notice, zone)
}

// With HOSTNAME=127.0.0.1 Next.js answers 500 to each rewrite of its middleware over TLS, with localhost it does not.
func TestARewriteThatFailsOverTLSIsSaid(t *testing.T) {
	f := harness.Fixtures(t).Next15
	for hostname, fails := range map[string]bool{"127.0.0.1": true, "localhost": false} {
		a := &harness.App{Zone: "next15", Dir: f.Dir, Ready: f.Ready, Env: []string{"HOSTNAME=" + hostname}}
		a.Serve(t)
		e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone next15 %s {\n\t\t\tbuild %s\n\t\t}\n",
			a.Upstream(), f.Build.Dir)})
		for range 2 {
			plain := edgetest.Get(t, edgetest.PlainClient(t), e.URL("/market/mw/rewrite/"))
			assert.Equal(t, http.StatusOK, plain.StatusCode, hostname)
		}
		assert.Zero(t, noticed(e, "rewrite_over_tls"))
		want, times := http.StatusOK, 0
		if fails {
			want, times = http.StatusInternalServerError, 1
		}
		for range 2 {
			secure := edgetest.Get(t, e.Client(t, edgetest.H2), e.TLSURL("/market/mw/rewrite/"))
			assert.Equal(t, want, secure.StatusCode, "the test is sharp: %s", hostname)
		}
		assert.Equal(t, times, noticed(e, "rewrite_over_tls"), hostname)
		assert.Equal(t, float64(2*times), e.Metric(t, noticeSeries("next15", "rewrite_over_tls")))
	}
}

// A rewrite to the public address of the site leaves the application, and comes back through the edge.
func TestARequestThatComesBackIsSaid(t *testing.T) {
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	f := harness.Fixtures(t).Next16
	a := harness.WithManifests(t, f, map[string]func(map[string]any){"routes-manifest.json": func(m map[string]any) {
		rewrites := m["rewrites"].(map[string]any)
		rewrites["fallback"] = append(rewrites["fallback"].([]any), map[string]any{
			"source": "/back/:path*", "destination": fmt.Sprintf("http://localhost:%d/:path*", port), "regex": "^/back(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$",
		})
	}})
	zone := fmt.Sprintf("zone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", a.Upstream(), filepath.Join(a.Dir, ".next"))
	// The application of the other site has the same name.
	other := fmt.Sprintf("http://other.localhost:%d {\n\tnextjs {\n\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n",
		port, f.Upstream(), f.Build.Dir)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: zone, Sites: fmt.Sprintf("http://localhost:%d {\n\timport site\n}\n", port) + other})
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/open")).StatusCode)
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/api/echo"), "Via",
		"1.1 Caddy").StatusCode)
	assert.Zero(t, noticed(e, "came_back"))
	for range 2 {
		assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/back/api/echo")).StatusCode)
	}
	assert.Equal(t, 1, noticed(e, "came_back"))
	assert.Equal(t, 2.0, e.Metric(t, noticeSeries("next16", "came_back")))
}

// A build that is not the one that runs.
func TestAnotherDeploymentIsSaid(t *testing.T) {
	f := harness.Fixtures(t).Next16
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(f.Build.Dir)))
	name := filepath.Join(dir, "required-server-files.json")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(text), `"fixture-1"`, `"fixture-2"`)
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(name, []byte(changed), 0o600))
	for build, times := range map[string]int{f.Build.Dir: 0, dir: 1} {
		e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache off\n", f.Upstream(), build)})
		for range 3 {
			res := edgetest.Get(t, edgetest.PlainClient(t), e.URL(harness.WithItsRSC(t, f.App, "/open", []string{"RSC", "1"})),
				"RSC", "1")
			assert.Equal(t, "fixture-1", res.Header.Get("X-Nextjs-Deployment-Id"))
		}
		assert.Equal(t, times, noticed(e, "other_deployment"))
	}
}

// What the build shows is said once, when it is read, and not again when the configuration is.
func TestAdviceIsSaidAtLoad(t *testing.T) {
	set := harness.Fixtures(t)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone monorepo %s {\n\t\t\tbuild %s\n\t\t}\n",
		set.Monorepo.Upstream(), set.Monorepo.Build.Dir)})
	said := func() int { return strings.Count(e.Log.Since(0), `"advice":"middleware_sees_base_path"`) }
	assert.Equal(t, 1, said())
	reload := exec.Command(e.Cmd.Path, "reload", "--force", "--config", e.CaddyfilePath(), "--adapter", "caddyfile",
		"--address", fmt.Sprintf("localhost:%d", e.AdminPort))
	reload.Env = append(os.Environ(), "HOME="+e.Dir, "XDG_DATA_HOME="+e.Dir, "XDG_CONFIG_HOME="+e.Dir)
	output, err := reload.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, 1, said())
	for _, f := range []*harness.Fixture{set.Next14, set.Next15, set.Next16} {
		assert.Empty(t, f.RuleSet.Advice(), f.Zone)
	}
}
