//go:build e2e

package dev_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// devApp is an application of examples/multi-zone under `next dev`, in a copy that tests may edit.
type devApp struct {
	zone  string
	paths string // of its zone
	page  string // address of the page that tests edit
	hmr   string // where its client opens the HMR socket

	server, client string // files of the page below dir: what it says, and its part with a state

	dir  string
	port int
	*harness.Process
}

// Files of the page that is edited. A state that survives tells Fast Refresh from everything else.
const (
	devCounter = `'use client'
import { useState } from 'react'

export function Counter() {
  const [count, setCount] = useState(0)
  return <button id="client" onClick={() => setCount(count + 1)}>client one {count}</button>
}
`
	devPage = `import { Counter } from '@/components/counter'

export default function Probe() {
  return <><p id="server">%s</p><Counter /></>
}
`
)

// startDevApps starts all three applications under `next dev`, for one test. They are of Next.js 16 without prefix, of
// 16 with basePath and assetPrefix, and of 15 (Pages Router, webpack) with basePath.
func startDevApps(t testing.TB) (home, blog, shop *devApp) {
	t.Helper()
	home = &devApp{zone: "home", paths: "/", page: "/probe", hmr: "/_next/hmr", server: "app/probe/page.tsx"}
	blog = &devApp{zone: "blog", paths: "/blog /blog-assets", page: "/blog/probe", hmr: "/blog-assets/_next/hmr", server: "app/probe/page.tsx"}
	shop = &devApp{zone: "shop", paths: "/shop", page: "/shop/probe", hmr: "/shop/_next/webpack-hmr", server: "pages/probe.tsx"}
	all := []*devApp{home, blog, shop}
	for _, a := range all {
		a.client = "components/counter.tsx"
		a.copyApp(t)
		a.say(t, "server one")
		a.write(t, a.client, devCounter)
		if a == shop {
			// Without it 15 only warns of foreign origins.
			a.edit(t, "next.config.ts", "output: 'standalone',", "output: 'standalone', allowedDevOrigins: [],")
		}
		var err error
		a.port, err = edgetest.FindPort()
		require.NoError(t, err)
		a.start(t)
		t.Cleanup(func() { a.Kill() })
	}
	for _, a := range all {
		a.waitUntilReady(t)
	}
	return home, blog, shop
}

// copyApp copies the application without what `next build` has left. Its packages are linked: nothing writes to them,
// and Turbopack follows no symbolic link out of the folder.
func (a *devApp) copyApp(t testing.TB) {
	t.Helper()
	source := filepath.Join(harness.Repository(), "examples", "multi-zone", a.zone)
	require.DirExists(t, filepath.Join(source, "node_modules"), "`make test` installs the packages of the example before it runs these tests")
	var err error
	a.dir, err = os.MkdirTemp(harness.Scratch, "dev-"+a.zone+"-")
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		target := filepath.Join(a.dir, below)
		switch {
		case below == ".next":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case strings.HasPrefix(below, "node_modules"+string(filepath.Separator)):
			if err := os.Link(path, target); !errors.Is(err, syscall.EXDEV) {
				return err
			}
		}
		return harness.CopyFile(path, target)
	}))
}

// start starts the dev server, on the port it had before if there was one.
func (a *devApp) start(t testing.TB) {
	t.Helper()
	env := []string{"NODE_ENV=development", "NEXT_TELEMETRY_DISABLED=1", "CI=1"}
	var err error
	a.Process, err = harness.StartProcess(a.zone+" dev", a.dir, env, "node", "node_modules/next/dist/bin/next", "dev",
		"-p", strconv.Itoa(a.port), "-H", "localhost")
	require.NoError(t, err)
	a.ShowLogOnFailure(t)
}

// waitUntilReady waits for the page that tests edit, which is compiled then.
func (a *devApp) waitUntilReady(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 2 * edgetest.Patience}
	answered := edgetest.Poll(3*edgetest.Patience, func() bool {
		res, err := client.Get(fmt.Sprintf("http://localhost:%d%s", a.port, a.page))
		if err != nil {
			return !a.Running()
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	require.True(t, answered && a.Running(), "%s did not start:\n%s", a.Name, a.Log.Since(0))
}

// stop ends the dev server at once, with all it started.
func (a *devApp) stop(t testing.TB) {
	t.Helper()
	a.Kill()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return edgetest.IsFree(a.port) }, "%s gives back its port",
		a.Name)
}

func (a *devApp) write(t testing.TB, file, text string) {
	t.Helper()
	path := filepath.Join(a.dir, filepath.FromSlash(file))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// edit replaces a part of a file, as somebody does who works on it.
func (a *devApp) edit(t testing.TB, file, from, to string) {
	t.Helper()
	path := filepath.Join(a.dir, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	a.write(t, file, strings.Replace(string(text), from, to, 1))
}

// say changes the text of the page.
func (a *devApp) say(t testing.TB, text string) {
	t.Helper()
	a.write(t, a.server, fmt.Sprintf(devPage, text))
}

// caddyfile is the application's zone.
func (a *devApp) caddyfile() string {
	return fmt.Sprintf("\t\tzone %s %s localhost:%d {\n\t\t\tdev\n\t\t}\n", a.paths, a.zone, a.port)
}
