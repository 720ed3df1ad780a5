//go:build e2e

package e2e_test

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
)

// app is one Next.js application of examples/multi-zone, and the process that serves it.
type app struct {
	zone   string
	dir    string
	server string // its server below dir; by default that of a standalone build
	ready  string // a path that it answers
	listen string // the name or address that it listens on; by default localhost
	env    []string
	port   int
	*process
}

// fleet is every application of the example, one zone each.
type fleet struct{ home, blog, shop *app }

func (f *fleet) all() []*app { return []*app{f.home, f.blog, f.shop} }

func (f *fleet) byZone(zone string) *app {
	for _, a := range f.all() {
		if a.zone == zone {
			return a
		}
	}
	return nil
}

// upstream is the application's address as it stands in a Caddyfile.
func (a *app) upstream() string { return "localhost:" + strconv.Itoa(a.port) }

// url returns the address of a path of the application itself, without the edge.
func (a *app) url(path string) string { return "http://" + a.upstream() + path }

// nextApps returns the applications, started by the first test that asks.
func nextApps(t testing.TB) *fleet {
	t.Helper()
	f, err := startedFleet()
	require.NoError(t, err)
	for _, a := range f.all() {
		require.True(t, a.running(), "%s has ended:\n%s", a.zone, a.log.since(0))
		a.showLogOnFailure(t)
	}
	return f
}

var startedFleet = sync.OnceValues(func() (*fleet, error) {
	example := filepath.Join(repository(), "examples", "multi-zone")
	if other := os.Getenv("E2E_APPS"); other != "" {
		example = other
	}
	f := &fleet{
		home: &app{zone: "home", ready: "/robots.txt"},
		blog: &app{zone: "blog", ready: "/blog"},
		shop: &app{zone: "shop", ready: "/shop"},
	}
	for _, a := range f.all() {
		a.dir = filepath.Join(example, a.zone)
		if err := a.start(); err != nil {
			return nil, err
		}
	}
	for _, a := range f.all() {
		if err := a.waitUntilReady(); err != nil {
			return nil, err
		}
	}
	return f, nil
})

func (a *app) start() error {
	server := filepath.Join(a.dir, filepath.FromSlash(cmp.Or(a.server, ".next/standalone/server.js")))
	if _, err := os.Stat(server); err != nil {
		return fmt.Errorf("%s is not built: `make test` builds the applications of the example before it runs these tests (%w)", a.zone, err)
	}
	// What earlier runs have made of images would be answered without being made.
	err := os.RemoveAll(filepath.Join(filepath.Dir(server), ".next", "cache", "images"))
	if err != nil {
		return err
	}
	if a.port, err = freePort(); err != nil {
		return err
	}
	env := []string{"PORT=" + strconv.Itoa(a.port), "HOSTNAME=" + cmp.Or(a.listen, "localhost"), "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1"}
	a.process, err = startProcess(a.zone, a.dir, append(env, a.env...), "node", server)
	return err
}

func (a *app) waitUntilReady() error {
	client := &http.Client{Timeout: 10 * time.Second}
	answered := poll(2*patience, func() bool {
		res, err := client.Get(a.url(a.ready))
		if err != nil {
			return !a.running()
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if !answered || !a.running() {
		return fmt.Errorf("%s did not start:\n%s", a.zone, a.log.since(0))
	}
	return nil
}
