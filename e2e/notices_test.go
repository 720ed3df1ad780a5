//go:build e2e

package e2e_test

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
)

// noticed returns how often a notice was said in the edge's log.
func (e *edge) noticed(notice string) int {
	return strings.Count(e.log.since(0), fmt.Sprintf(`"notice":%q`, notice))
}

func noticeSeries(zone, notice string) string {
	return fmt.Sprintf("caddy_nextjs_notices_total{notice=%q,zone=%q}", notice, zone)
}

// With HOSTNAME=127.0.0.1 Next.js answers 500 to each rewrite of its middleware over TLS, with localhost it does not.
func TestARewriteThatFailsOverTLSIsSaid(t *testing.T) {
	f := fixtures(t).next15
	for hostname, fails := range map[string]bool{"127.0.0.1": true, "localhost": false} {
		a := &app{zone: "next15", dir: f.dir, ready: f.ready, env: []string{"HOSTNAME=" + hostname}}
		require.NoError(t, a.start())
		t.Cleanup(a.kill)
		require.NoError(t, a.waitUntilReady())
		e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone next15 %s {\n\t\t\tbuild %s\n\t\t}\n", a.upstream(), f.build.Dir)})
		for range 2 {
			plain := get(t, plainClient(t), e.url("/market/mw/rewrite/"))
			assert.Equal(t, http.StatusOK, plain.StatusCode, hostname)
		}
		assert.Zero(t, e.noticed("rewrite_over_tls"))
		want, times := http.StatusOK, 0
		if fails {
			want, times = http.StatusInternalServerError, 1
		}
		for range 2 {
			secure := get(t, e.client(t, "HTTP/2.0"), e.tlsURL("/market/mw/rewrite/"))
			assert.Equal(t, want, secure.StatusCode, "the test is sharp: %s", hostname)
		}
		assert.Equal(t, times, e.noticed("rewrite_over_tls"), hostname)
		assert.Equal(t, float64(2*times), e.metric(t, noticeSeries("next15", "rewrite_over_tls")))
	}
}

// A rewrite to the public address of the site leaves the application, and comes back through the edge.
func TestARequestThatComesBackIsSaid(t *testing.T) {
	port, err := freePort()
	require.NoError(t, err)
	f := fixtures(t).next16
	a := withManifests(t, f, map[string]func(map[string]any){"routes-manifest.json": func(m map[string]any) {
		rewrites := m["rewrites"].(map[string]any)
		rewrites["fallback"] = append(rewrites["fallback"].([]any), map[string]any{
			"source": "/back/:path*", "destination": fmt.Sprintf("http://localhost:%d/:path*", port), "regex": "^/back(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$",
		})
	}})
	zone := fmt.Sprintf("zone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", a.upstream(), filepath.Join(a.dir, ".next"))
	// The application of the other site has the same name.
	other := fmt.Sprintf("http://other.localhost:%d {\n\tnextjs {\n\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n", port, f.upstream(), f.build.Dir)
	e := startEdge(t, nil, setup{zones: zone, sites: fmt.Sprintf("http://localhost:%d {\n\timport site\n}\n", port) + other})
	assert.Equal(t, http.StatusOK, get(t, plainClient(t), e.url("/open")).StatusCode)
	assert.Equal(t, http.StatusOK, get(t, plainClient(t), e.url("/api/echo"), "Via", "1.1 Caddy").StatusCode)
	assert.Zero(t, e.noticed("came_back"))
	for range 2 {
		assert.Equal(t, http.StatusOK, get(t, plainClient(t), e.url("/back/api/echo")).StatusCode)
	}
	assert.Equal(t, 1, e.noticed("came_back"))
	assert.Equal(t, 2.0, e.metric(t, noticeSeries("next16", "came_back")))
}

// A build that is not the one that runs.
func TestAnotherDeploymentIsSaid(t *testing.T) {
	f := fixtures(t).next16
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(f.build.Dir)))
	name := filepath.Join(dir, "required-server-files.json")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(text), `"fixture-1"`, `"fixture-2"`)
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(name, []byte(changed), 0o600))
	for build, times := range map[string]int{f.build.Dir: 0, dir: 1} {
		e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache off\n", f.upstream(), build)})
		for range 3 {
			res := get(t, plainClient(t), e.url(withItsRSC(t, f.app, "/open", []string{"RSC", "1"})), "RSC", "1")
			assert.Equal(t, "fixture-1", res.Header.Get("X-Nextjs-Deployment-Id"))
		}
		assert.Equal(t, times, e.noticed("other_deployment"))
	}
}

// What the build shows is said once, when it is read, and not again when the configuration is.
func TestAdviceIsSaidAtLoad(t *testing.T) {
	set := fixtures(t)
	e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone monorepo %s {\n\t\t\tbuild %s\n\t\t}\n", set.monorepo.upstream(), set.monorepo.build.Dir)})
	said := func() int { return strings.Count(e.log.since(0), `"advice":"middleware_sees_base_path"`) }
	assert.Equal(t, 1, said())
	reload := exec.Command(e.cmd.Path, "reload", "--force", "--config", e.caddyfilePath(), "--adapter", "caddyfile", "--address", fmt.Sprintf("localhost:%d", e.adminPort))
	reload.Env = append(os.Environ(), "HOME="+e.dir, "XDG_DATA_HOME="+e.dir, "XDG_CONFIG_HOME="+e.dir)
	output, err := reload.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, 1, said())
	for _, f := range []*fixture{set.next14, set.next15, set.next16} {
		assert.Empty(t, f.book.Advice(), f.zone)
	}
}
