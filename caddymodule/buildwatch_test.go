package caddymodule

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/cli"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// process is an application that runs one build, whatever is on the disk.
type process struct {
	build   atomic.Pointer[string]
	stopped atomic.Bool  // it ends connections without an answer
	proven  atomic.Int64 // how often it has shown that it runs its build
	address string
}

func startProcess(t *testing.T, build string) *process {
	t.Helper()
	p := &process{}
	p.run(build)
	p.address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		id := *p.build.Load()
		if p.stopped.Load() {
			panic(http.ErrAbortHandler)
		}
		switch r.URL.Path {
		case "/_next/static/" + id + "/_ssgManifest.js":
			p.proven.Add(1)
		case "/_next/static/" + id + ".js":
			http.Error(w, "its files are gone", http.StatusInternalServerError)
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "s-maxage=31536000")
			w.Header().Set("X-Nextjs-Cache", "HIT")
			_, _ = fmt.Fprintf(w, `<script src="/_next/static/%[1]s.js"></script>{"props":{},"buildId":"%[1]s"}`, id)
		default:
			http.NotFound(w, r)
		}
	})
	return p
}

func (p *process) stop() { p.stopped.Store(true) }

func (p *process) run(build string) { p.build.Store(&build) }

// writeNext writes a build in the place of another one, as `next build` does.
func writeNext(t *testing.T, dir, id string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	buildtest.Write(t, dir, buildtest.Build{
		ID: id, App: map[string]string{"/page/page": "/page"},
		Files: map[string]string{"static/" + id + "/_ssgManifest.js": "", "static/" + id + ".js": "script of " + id},
	})
}

// buildOf is the build whose page the edge answers with. Its script must be there.
func buildOf(t *testing.T, e *edgetest.Edge) string {
	t.Helper()
	body, _ := e.Cached(t, "/page")
	_, id, found := strings.Cut(body, `"buildId":"`)
	require.True(t, found, body)
	id = strings.TrimSuffix(id, `"}`)
	res := e.Ask(t, http.MethodGet, "/_next/static/"+id+".js")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "script of "+id, res.Text)
	return id
}

// waitingBuilds are the ids of the builds that wait, of both sites of the test's edge.
func waitingBuilds() (ids string) {
	for _, site := range edge.Sites() {
		if waiting := site.View.Load().List[0].Builds.WaitingID(); waiting != "" {
			ids += waiting + " "
		}
	}
	return ids
}

func eventuallyEqual[T any](t *testing.T, want T, get func() T) {
	t.Helper()
	if !assert.Eventually(t, func() bool { return assert.ObjectsAreEqual(want, get()) }, edgetest.Patience, 2*time.Millisecond) {
		require.Equal(t, want, get())
	}
}

// `next build` in place, and the application started again later: no page is ever answered whose script is not.
func TestABuildIsTakenWhenItsApplicationRunsIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	p := startProcess(t, "first")
	none := assets.HeldFiles()
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone / %s {\n build %s\n }\n cache {\n recheck 10ms\n }\n}", p.address, dir)
	e := edgetest.Serve(t, site, "nextjs {\n state "+t.TempDir()+"\n}")
	require.Equal(t, "first", buildOf(t, e))
	eventuallyEqual(t, true, func() bool { return p.proven.Load() > 0 })

	writeNext(t, dir, "second")
	eventuallyEqual(t, "second second ", waitingBuilds)
	for range 20 {
		require.Equal(t, "first", buildOf(t, e), "the application still runs it")
	}
	eventuallyEqual(t, true, func() bool {
		text := cli.RequestText(explained(t, e.URL("/page")))
		return strings.Contains(text, "note      build second waits: the application still runs the one before\n")
	})
	res := e.Ask(t, http.MethodGet, "/_next/static/second.js")
	assert.Equal(t, "script of second", res.Text, "another process may have told of it already")

	// A reload does not take it either, with one upstream more.
	p2 := startProcess(t, "first")
	site = strings.Replace(site, p.address, p.address+" "+p2.address, 1)
	require.NoError(t, e.Load(t, site, "nextjs {\n state "+t.TempDir()+"\n}"))
	eventuallyEqual(t, "second second ", waitingBuilds)
	require.Equal(t, "first", buildOf(t, e))

	p.run("second")
	p2.run("second")
	eventuallyEqual(t, "", waitingBuilds)
	eventuallyEqual(t, "second", func() string { return buildOf(t, e) })
	res = e.Ask(t, http.MethodGet, "/_next/static/first.js")
	assert.Equal(t, "script of first", res.Text, "pages of it are still open")

	// Back again.
	writeNext(t, dir, "first")
	eventuallyEqual(t, "first first ", waitingBuilds)
	writeNext(t, dir, "third")
	eventuallyEqual(t, "third third ", waitingBuilds)
	require.Equal(t, "second", buildOf(t, e))
	p.run("third")
	p2.run("third")
	eventuallyEqual(t, "third", func() string { return buildOf(t, e) })

	require.NoError(t, e.Load(t, "nextjs "+edgetest.Named(t, "x")))
	eventuallyEqual(t, none, assets.HeldFiles)
}

// What the application answers before the edge has noticed its new build is passed on.
func TestAPageOfAnotherBuildIsNotKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	p := startProcess(t, "second")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n watch 1h\n zone / %s {\n build %s\n }\n}", p.address, dir),
		"nextjs {\n state "+t.TempDir()+"\n}")
	counted := func() float64 { return metric(t, "page_requests_total", "root", "miss", "deployment") }
	before := counted()
	for range 3 {
		body, status := e.Cached(t, "/page")
		assert.Contains(t, body, `"second"`)
		assert.NotContains(t, status, "; hit")
		assert.NotContains(t, status, "; stored", "it is not, as its body shows")
	}
	require.Eventually(t, func() bool { return counted() >= before+3 }, edgetest.Patience,
		time.Millisecond, "counted after the answer")
	p.run("first")
	eventuallyEqual(t, true, func() bool {
		body, status := e.Cached(t, "/page")
		return strings.Contains(body, `"first"`) && strings.Contains(status, "; hit")
	})
	// One that is kept is asked for in the background.
	p.run("second")
	for range 3 {
		body, _ := e.Cached(t, "/page")
		assert.Contains(t, body, `"first"`)
	}
}

// Of two upstreams one is started again before the other.
func TestNothingIsKeptWhileUpstreamsRunDifferentBuilds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	one, two := startProcess(t, "first"), startProcess(t, "first")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n watch 10ms\n zone / %s %s {\n build %s\n }\n cache\n}", one.address,
		two.address, dir),
		"nextjs {\n state "+t.TempDir()+"\n}")
	writeNext(t, dir, "second")
	eventuallyEqual(t, "second second ", waitingBuilds)
	one.run("second")
	eventuallyEqual(t, true, func() bool { return edge.Sites()[0].View.Load().List[0].Builds.Mixed() })
	eventuallyEqual(t, true, func() bool { return edge.Sites()[1].View.Load().List[0].Builds.Mixed() })
	for range 20 {
		buildOf(t, e)
		_, status := e.Cached(t, "/page")
		assert.Contains(t, status, "detail=deployment")
	}
	assert.Equal(t, "second second ", waitingBuilds())
	assert.Contains(t, cli.RequestText(explained(t, e.URL("/page"))), "note      build second waits: some upstreams run it, and others do not yet\n")
	two.run("second")
	eventuallyEqual(t, "", waitingBuilds)
	eventuallyEqual(t, "second", func() string { return buildOf(t, e) })
	eventuallyEqual(t, true, func() bool {
		_, status := e.Cached(t, "/page")
		return strings.Contains(status, "; hit")
	})
}

// A configuration that fails gives back what it has opened, whatever fails.
func TestALoadThatFailsClosesItsBuilds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	e := edgetest.Serve(t, "nextjs "+edgetest.Named(t, "x"))
	before := assets.HeldFiles()
	for name, bad := range map[string]string{
		"a dev zone with a build": fmt.Sprintf("nextjs {\n zone a /a a:1 {\n build %[1]s\n }\n zone b /b b:1 {\n dev\n build %[1]s\n }\n}", dir),
		"a build that is missing": fmt.Sprintf("nextjs {\n zone a /a a:1 {\n build %[1]s\n }\n zone b /b b:1 {\n build %[1]s-absent\n }\n}", dir),
		"zones in conflict":       fmt.Sprintf("nextjs {\n zone a a:1 {\n build %[1]s\n }\n zone b b:1 {\n build %[1]s\n }\n}", dir),
	} {
		assert.Error(t, e.Load(t, bad), name)
		assert.Equal(t, before, assets.HeldFiles(), name)
	}
}

// A reboot in the middle of `next build`: the other zones are served, and so is this one, as far as that goes without
// its build.
func TestAProcessStartsWithoutABuildThatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		begin func(t *testing.T, dir string)
		why   string
	}{
		"missing": {func(*testing.T, string) {}, "no such file"},
		"half-written": {func(t *testing.T, dir string) {
			writeNext(t, dir, "first")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "routes-manifest.json"), []byte(`{"version": 3, "dyn`), 0o600))
		}, "half-written"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), ".next")
			c.begin(t, dir)
			p := startProcess(t, "first")
			site := fmt.Sprintf("nextjs_health\nnextjs {\n watch 10ms\n zone /other %s\n zone main %s {\n build %s\n }\n}",
				edgetest.Named(t, "other"), p.address, dir)
			e := edgetest.Serve(t, site, "nextjs {\n state "+t.TempDir()+"\n}", atOnce)
			_, body := e.Get(t, "localhost", "/other")
			assert.Equal(t, "other", body)
			_, body = e.Get(t, "localhost", "/page")
			assert.Contains(t, body, `"first"`)
			status, report := e.Get(t, "localhost", "/readyz")
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, report, `"without_build":`)
			assert.Contains(t, report, c.why)
			assert.ErrorContains(t, e.Load(t, site+"\n# again", "nextjs {\n state "+t.TempDir()+"\n}"), c.why,
				"a reload keeps what runs")

			writeNext(t, dir, "first")
			eventuallyEqual(t, true, func() bool {
				_, status := e.Cached(t, "/page")
				return strings.Contains(status, "; hit")
			})
			eventuallyEqual(t, false, func() bool {
				_, report := e.Get(t, "localhost", "/readyz")
				return strings.Contains(report, "without_build")
			})
		})
	}
}

// What lies beside a build that is gone is another build, and one without scripts proves nothing.
func TestWhatIsNotMeantIsNotTaken(t *testing.T) {
	app := t.TempDir()
	writeNext(t, filepath.Join(app, ".next"), "first")
	p := startProcess(t, "first")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n watch 10ms\n zone / beside %s {\n build %s\n }\n}", p.address, app),
		"nextjs {\n state "+t.TempDir()+"\n}")
	refused := buildReadsTotal.WithLabelValues("beside", "refused")
	before := testutil.ToFloat64(refused)
	writeNext(t, filepath.Join(app, "next.bak"), "older")
	require.NoError(t, os.RemoveAll(filepath.Join(app, ".next")))
	require.Eventually(t, func() bool { return testutil.ToFloat64(refused) >= before+2 }, edgetest.Patience,
		time.Millisecond)
	assert.Equal(t, "first", buildOf(t, e))
	assert.Contains(t, cli.RequestText(explained(t, e.URL("/page"))), "note      a new build is not taken: ")

	buildtest.Write(t, filepath.Join(app, ".next"), buildtest.Build{ID: "bare", App: map[string]string{"/page/page": "/page"}})
	eventuallyEqual(t, "bare bare ", waitingBuilds)
	for range 20 {
		require.Equal(t, "first", buildOf(t, e))
	}
	assert.Equal(t, "bare bare ", waitingBuilds())
}
