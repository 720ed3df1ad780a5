package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// writeBuild makes a build directory that says where its zone is.
func writeBuild(t *testing.T, dir, basePath, assetPrefix string) {
	t.Helper()
	script := "static/chunks/" + strings.ReplaceAll(basePath+assetPrefix, "/", "_") + ".js"
	buildtest.Write(t, dir, buildtest.Build{
		Config: buildtest.JSON{"basePath": basePath, "assetPrefix": assetPrefix}, Files: map[string]string{script: ""},
	})
}

func TestZonesByPathAndBuild(t *testing.T) {
	docs := t.TempDir()
	writeBuild(t, docs, "/docs", "/docs-assets")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n zone /blog /blog-assets %s\n zone docs %s {\n build %s\n }\n}",
		edgetest.Named(t, "root"), edgetest.Named(t, "blog"), edgetest.Named(t, "docs"), docs))
	for path, zone := range map[string]string{
		"/": "root", "/blog": "blog", "/blog/a": "blog", "/blogs": "root", "/blog-assets/_next/static/a.js": "blog",
		"/docs/a": "docs", "/docs-assets/_next/static/a.js": "docs", "/docs-assets/a": "root",
	} {
		_, body := e.Get(t, "localhost", path)
		assert.Equal(t, zone, body, path)
	}
}

func TestZonesByHost(t *testing.T) {
	port := edgetest.FreePort(t)
	config, err := edgetest.Adapt(fmt.Sprintf("{\n admin off\n persist_config off\n auto_https off\n}\nhttp://:%s {\n nextjs {\n zone / %s\n zone tenants / %s {\n host *.example.com\n }\n }\n}",
		port, edgetest.Named(t, "root"), edgetest.Named(t, "tenants")))
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	e := &edgetest.Edge{Port: port}
	for host, zone := range map[string]string{"a.example.com": "tenants", "A.Example.Com:80": "tenants", "example.com": "root", "localhost": "root"} {
		_, body := e.Get(t, host, "/")
		assert.Equal(t, zone, body, host)
	}
}

func TestAPathThatNoZoneClaimsIs404(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone /blog %s\n}\nhandle_errors {\n respond \"sorry: {err.status_code}\"\n}", edgetest.Named(t, "blog")))
	before := testutil.ToFloat64(unclaimedTotal)
	status, body := e.Get(t, "localhost", "/blogs")
	assert.Equal(t, "sorry: 404", body)
	assert.Equal(t, http.StatusNotFound, status)
	assert.InDelta(t, before+1, testutil.ToFloat64(unclaimedTotal), 0)
}

func TestRequestsAreCountedAndLoggedByZoneAndKind(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	e := edgetest.Serve(t, fmt.Sprintf(`log {
		output file %s
	}
	nextjs {
		zone counted / %s
		proxy {
			header_down X-Zone {http.nextjs.zone}/{http.nextjs.kind}
		}
	}`, log, edgetest.Named(t, "x")))
	count := requestsTotal.WithLabelValues("counted", "static")
	before := testutil.ToFloat64(count)
	client, _ := e.Client(t, edgetest.H1)
	res, err := client.Get(e.URL("/_next/static/a.js"))
	require.NoError(t, err)
	assert.Equal(t, "counted/static", res.Header.Get("X-Zone"))
	assert.InDelta(t, before+1, testutil.ToFloat64(count), 0)
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(log)
		return strings.Contains(string(data), `"zone":"counted","kind":"static"`)
	}, edgetest.Patience, time.Millisecond)
}

func TestGracePeriodIsNeverEndless(t *testing.T) {
	for globals, want := range map[string]time.Duration{"": defaultGracePeriod, "grace_period 5s": 5 * time.Second} {
		edgetest.Serve(t, "nextjs "+edgetest.Named(t, "x"), globals)
		app, err := caddy.ActiveContext().App("http")
		require.NoError(t, err)
		assert.Equal(t, want, time.Duration(app.(*caddyhttp.App).GracePeriod))
	}
}

// Who asks whether an edge is ready has time to learn that it goes.
func TestAnEdgeThatIsAskedWhetherItIsReadyServesOnForAWhile(t *testing.T) {
	for directives, want := range map[string]time.Duration{
		"nextjs " + edgetest.Named(t, "x"):                        0,
		"nextjs_health\nnextjs " + edgetest.Named(t, "x"):         defaultShutdownDelay,
		"nextjs_health /readyz\nnextjs " + edgetest.Named(t, "y"): defaultShutdownDelay,
	} {
		edgetest.Serve(t, directives)
		app, err := caddy.ActiveContext().App("http")
		require.NoError(t, err)
		assert.Equal(t, want, time.Duration(app.(*caddyhttp.App).ShutdownDelay), directives)
		app.(*caddyhttp.App).ShutdownDelay = 0 // the test does not wait for it
	}
}

func TestAFailingReloadChangesNothing(t *testing.T) {
	build := filepath.Join(t.TempDir(), ".next")
	writeBuild(t, build, "/blog", "")
	root, blog := edgetest.Named(t, "root"), edgetest.Named(t, "blog")
	good := fmt.Sprintf("nextjs {\n zone / %s\n zone /blog %s\n}", root, blog)
	e := edgetest.Serve(t, good)
	before := running.app().fleet.State().Zones
	require.Len(t, before, 2, "the two sites of the test's edge have the same two")

	for name, c := range map[string]struct{ directives, message string }{
		"a build that is not there": {
			fmt.Sprintf("nextjs {\n zone / %s\n zone docs %s {\n build %s/nowhere\n }\n}", root, blog, build), "zone docs: build: looking for a build",
		},
		"a build that claims what another zone has": {
			fmt.Sprintf("nextjs {\n zone / %s\n zone /blog %s\n zone news %s {\n build %s\n }\n}", root, blog, blog, build),
			"zones blog and news both claim /blog",
		},
		"a path outside the basePath": {
			fmt.Sprintf("nextjs {\n zone / %s\n zone news /news %s {\n build %s\n }\n}", root, blog, build),
			"path /news is outside its basePath /blog",
		},
		"an upstream from an environment variable that is not set": {
			"nextjs {env.CADDY_NEXTJS_TEST_NOT_SET}", "upstream \"{env.CADDY_NEXTJS_TEST_NOT_SET}\"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, e.Load(t, c.directives), c.message)
			_, body := e.Get(t, "localhost", "/blog/a")
			assert.Equal(t, "blog", body)
			assert.ElementsMatch(t, slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(running.app().fleet.State().Zones)),
				"the failed configuration has given back what it took")
		})
	}
	require.NoError(t, e.Load(t, "nextjs "+blog))
	assert.Len(t, running.app().fleet.State().Zones, 1)
	client, base := e.Client(t, edgetest.H1)
	edgetest.AfterReload(t, func() bool {
		res, err := client.Get(base)
		if err != nil {
			return false
		}
		body, err := io.ReadAll(res.Body)
		return err == nil && string(body) == "blog"
	})
}

// The JSON that the directive stands for, written by hand, does the same.
func TestJSONWithoutTheDirective(t *testing.T) {
	port := edgetest.FreePort(t)
	config := fmt.Sprintf(`{
		"admin": {"disabled": true, "config": {"persist": false}},
		"apps": {"http": {"servers": {"edge": {"listen": ["127.0.0.1:%s"], "automatic_https": {"disable": true}, "routes": [{"handle": [
			{"handler": "nextjs", "zones": [{"name": "root", "paths": ["/"], "upstreams": [%q]}]},
			{"handler": "reverse_proxy", "dynamic_upstreams": {"source": "nextjs"}, "transport": {"protocol": "nextjs", "upgrade_timeout": "5s"}}
		]}]}}}}}`, port, edgetest.Named(t, "root"))
	require.NoError(t, caddy.Load([]byte(config), true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	status, body := (&edgetest.Edge{Port: port}).Get(t, "localhost", "/")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "root", body)
}

func TestJSONErrorsNameWhatIsWrong(t *testing.T) {
	route := func(handlers string) string {
		return `{"admin": {"disabled": true, "config": {"persist": false}}, "apps": {"http": {"servers": {"edge": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [` + handlers + `]}]}}}}}`
	}
	for handlers, message := range map[string]string{
		`{"handler": "nextjs"}`:                                                                                                         "at least one zone",
		`{"handler": "nextjs", "zones": [{"paths": ["/"]}]}`:                                                                            "zone root: it has no upstream",
		`{"handler": "nextjs", "zones": [{"upstreams": ["a:1"]}]}`:                                                                      "neither a path nor a build",
		`{"handler": "nextjs", "max_header_size": 100, "zones": [{"paths": ["/"], "upstreams": ["a:1"]}]}`:                              "nextjs: max_header_size 100 is not from 1024",
		`{"handler": "reverse_proxy", "transport": {"protocol": "nextjs", "max_header_size": -1}}`:                                      "max_header_size -1 is not from 1024",
		`{"handler": "nextjs", "zones": [{"paths": ["/"], "upstreams": ["a"]}]}`:                                                        `upstream "a": expected host:port`,
		`{"handler": "nextjs", "shared_404": 1000, "zones": [{"paths": ["/"], "upstreams": ["a:1"]}]}`:                                  "nextjs: shared_404 must be at least 1s",
		`{"handler": "reverse_proxy", "transport": {"protocol": "nextjs", "upgrade_timeout": -1}}`:                                      "upgrade_timeout",
		`{"handler": "reverse_proxy", "transport": {"protocol": "nextjs", "versions": ["2"]}}`:                                          "HTTP/1.1 only",
		`{"handler": "nextjs", "zones": [{"paths": ["/"], "upstreams": ["a:1"]}, {"name": "b", "paths": ["/"], "upstreams": ["b:1"]}]}`: "zones root and b both claim /",
	} {
		assert.ErrorContains(t, caddy.Load([]byte(route(handlers)), true), message, handlers)
	}
}

// Caddyfile.example names every word; here it is not only adapted but loaded.
func TestTheExampleCaddyfileLoads(t *testing.T) {
	data, err := os.ReadFile("../Caddyfile.example")
	require.NoError(t, err)
	dir := t.TempDir()
	writeBuild(t, filepath.Join(dir, "docs/.next"), "/docs", "/docs-assets")
	writeBuild(t, filepath.Join(dir, "marketing/.next"), "/marketing", "")
	buildtest.WriteExport(t, filepath.Join(dir, "marketing/out"), "build-1", nil)
	t.Chdir(dir)
	t.Setenv("SHOP_UPSTREAM", "localhost:3002")
	for _, of := range []string{"edge", "monitoring", "cms", "ci", "blog"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, of+"-token"), []byte(of), 0o600))
	}
	config, err := edgetest.Adapt(strings.NewReplacer("/var/lib/caddy", dir, "/run/secrets", dir).Replace(string(data)))
	require.NoError(t, err)
	var parsed caddy.Config
	require.NoError(t, json.Unmarshal(config, &parsed))
	require.NoError(t, caddy.Validate(&parsed))
}

// A client at work is sent to the next configuration before the servers of the old one close its idle connection.
func TestAReloadAsksClientsToLeaveFirst(t *testing.T) {
	name := edgetest.Named(t, "x")
	e := edgetest.Serve(t, "nextjs "+name)
	client, base := e.Client(t, edgetest.H1)
	client.Timeout = edgetest.Patience
	closes := func() (bool, error) {
		res, err := client.Get(base)
		if err != nil {
			return false, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return res.Close, err
	}
	closing, err := closes()
	require.NoError(t, err)
	require.False(t, closing)
	reloaded := make(chan error, 1)
	go func() { reloaded <- e.Load(t, "nextjs "+name+" {\n upgrade_timeout 3s\n}") }()
	// The kept connection belongs to the old configuration until that asks to leave it.
	require.Eventually(t, func() bool { closing, _ := closes(); return closing }, edgetest.Patience, time.Millisecond)
	require.NoError(t, <-reloaded)
	edgetest.AfterReload(t, func() bool { closing, err := closes(); return err == nil && !closing })
}
