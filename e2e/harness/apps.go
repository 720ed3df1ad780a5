//go:build e2e

package harness

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// App is one Next.js application of examples/multi-zone, and the process that serves it.
type App struct {
	Zone   string
	Dir    string
	Server string // its server below dir; by default that of a standalone build
	Ready  string // a path that it answers
	Listen string // the name or address that it listens on; by default localhost
	Env    []string
	Port   int
	*Process
}

// Fleet is every application of the example, one zone each.
type Fleet struct{ Home, Blog, Shop *App }

// All returns every application.
func (f *Fleet) All() []*App { return []*App{f.Home, f.Blog, f.Shop} }

// ByZone returns the application of a zone, or nil.
func (f *Fleet) ByZone(zone string) *App {
	for _, a := range f.All() {
		if a.Zone == zone {
			return a
		}
	}
	return nil
}

// Upstream is the application's address as it stands in a Caddyfile.
func (a *App) Upstream() string { return "localhost:" + strconv.Itoa(a.Port) }

// URL returns the address of a path of the application itself, without the edge.
func (a *App) URL(path string) string { return "http://" + a.Upstream() + path }

// NextApps returns the applications, started by the first test that asks.
func NextApps(t testing.TB) *Fleet {
	t.Helper()
	f, err := startedFleet()
	require.NoError(t, err)
	for _, a := range f.All() {
		require.True(t, a.Running(), "%s has ended:\n%s", a.Zone, a.Log.Since(0))
		a.ShowLogOnFailure(t)
	}
	return f
}

var startedFleet = sync.OnceValues(func() (*Fleet, error) {
	example := filepath.Join(Repository(), "examples", "multi-zone")
	if other := os.Getenv("E2E_APPS"); other != "" {
		example = other
	}
	f := &Fleet{
		Home: &App{Zone: "home", Ready: "/robots.txt"},
		Blog: &App{Zone: "blog", Ready: "/blog"},
		Shop: &App{Zone: "shop", Ready: "/shop"},
	}
	for _, a := range f.All() {
		a.Dir = filepath.Join(example, a.Zone)
		if err := a.Start(); err != nil {
			return nil, err
		}
	}
	for _, a := range f.All() {
		if err := a.WaitUntilReady(); err != nil {
			return nil, err
		}
	}
	return f, nil
})

// StartReplicas starts more servers of the application for one test.
func (a *App) StartReplicas(t testing.TB, count int) []*App {
	t.Helper()
	list := make([]*App, count)
	for i := range list {
		list[i] = &App{Zone: fmt.Sprintf("%s %d", a.Zone, i), Dir: a.Dir, Server: a.Server, Ready: a.Ready, Env: a.Env}
	}
	ServeAll(t, list...)
	return list
}

// Serve starts the application for one test and waits until it answers.
func (a *App) Serve(t testing.TB) {
	t.Helper()
	ServeAll(t, a)
}

// ServeAll starts applications at once, for one test, and waits until all answer.
func ServeAll(t testing.TB, apps ...*App) {
	t.Helper()
	for _, a := range apps {
		require.NoError(t, a.Start())
		t.Cleanup(func() { a.Kill() }) // the process that it has then
		a.ShowLogOnFailure(t)
	}
	for _, a := range apps {
		require.NoError(t, a.WaitUntilReady())
	}
}

// ServeAgain starts an application again that this test has served, and waits until it answers.
func (a *App) ServeAgain(t testing.TB) {
	t.Helper()
	require.NoError(t, a.StartAgain())
	a.ShowLogOnFailure(t)
	require.NoError(t, a.WaitUntilReady())
}

// Start starts the application, which runs until Kill or the end of the package's tests.
func (a *App) Start() (err error) {
	if a.Port, err = edgetest.FindPort(); err != nil {
		return err
	}
	return a.StartAgain()
}

// StartAgain starts the application at the port that it has had.
func (a *App) StartAgain() error {
	server := filepath.Join(a.Dir, filepath.FromSlash(cmp.Or(a.Server, ".next/standalone/server.js")))
	if _, err := os.Stat(server); err != nil {
		return fmt.Errorf("%s is not built: `make test` builds the applications of the example before it runs these tests (%w)",
			a.Zone, err)
	}
	// What earlier runs have made of images would be answered without being made.
	err := os.RemoveAll(filepath.Join(filepath.Dir(server), ".next", "cache", "images"))
	if err != nil {
		return err
	}
	env := []string{
		"PORT=" + strconv.Itoa(a.Port), "HOSTNAME=" + cmp.Or(a.Listen, "localhost"), "NODE_ENV=production",
		"NEXT_TELEMETRY_DISABLED=1",
	}
	a.Process, err = StartProcess(a.Zone, a.Dir, append(env, a.Env...), "node", server)
	return err
}

// WaitUntilReady waits until the application answers. Its error has what the application has written.
func (a *App) WaitUntilReady() error {
	client := &http.Client{Timeout: 10 * time.Second}
	answered := edgetest.Poll(2*edgetest.Patience, func() bool {
		res, err := client.Get(a.URL(a.Ready))
		if err != nil {
			return !a.Running()
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if !answered || !a.Running() {
		return fmt.Errorf("%s did not start:\n%s", a.Zone, a.Log.Since(0))
	}
	return nil
}
