//go:build e2e

package skew_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// build is a variant of the application of e2e/fixtures/skew16 or skew15. Variants b have their name as deploymentId, variants a have none.
type build struct {
	next         string // major version of Next.js
	name         string
	dir          string // its standalone folder, which is also what an edge is told of
	id           string // build id
	deploymentID string
	own, shared  string            // ids of actions: one that only this build has, and one that all with the same key have
	lazy         string            // URL of the chunk that is loaded by a click
	picture      string            // URL of the imported picture
	pagesStatic  string            // URL of the chunk of the page /p/static
	files        map[string]string // what these three have in them
}

// buildOf reads what the tests must know of a build.
func buildOf(t testing.TB, next, name string) *build {
	t.Helper()
	b := &build{next: next, name: name, dir: filepath.Join(harness.Repository(), "e2e", "fixtures", "skew"+next, ".next-"+name)}
	if name[0] == 'b' {
		b.deploymentID = name
	}
	id, err := os.ReadFile(filepath.Join(b.dir, ".next", "BUILD_ID"))
	require.NoError(t, err, "it is not built: `make test` builds it before it runs these tests")
	b.id = string(id)
	var references struct {
		Node map[string]struct{ ExportedName string }
	}
	harness.ReadJSON(t, filepath.Join(b.dir, ".next", "server", "server-reference-manifest.json"), &references)
	for id, action := range references.Node {
		switch action.ExportedName {
		case "of_" + name:
			b.own = id
		case "shared":
			b.shared = id
		}
	}
	b.lazy, b.pagesStatic = b.fileWith(t, "lazy of "+name), b.fileWith(t, "Pages static")
	pictures, err := filepath.Glob(filepath.Join(b.dir, ".next", "static", "media", "picture.*"))
	require.NoError(t, err)
	require.Len(t, pictures, 1)
	b.picture = "/_next/static/media/" + filepath.Base(pictures[0])
	require.NotEmpty(t, b.own, b.dir)
	require.NotEmpty(t, b.shared, b.dir)
	b.files = map[string]string{}
	for _, url := range []string{b.lazy, b.picture, b.pagesStatic} {
		content, err := os.ReadFile(filepath.Join(b.dir, ".next", strings.TrimPrefix(url, "/_next/")))
		require.NoError(t, err)
		b.files[url] = string(content)
	}
	return b
}

// fileWith returns the URL of the one script with a text.
func (b *build) fileWith(t testing.TB, text string) (url string) {
	t.Helper()
	static := filepath.Join(b.dir, ".next", "static")
	require.NoError(t, filepath.WalkDir(static, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), text) {
			require.Empty(t, url, "two scripts of %s have %q", static, text)
			url = "/_next/static" + filepath.ToSlash(strings.TrimPrefix(path, static))
		}
		return err
	}))
	require.NotEmpty(t, url, "no script of %s has %q", static, text)
	return url
}

// served is a build and a process that serves it.
type served struct {
	*build
	*harness.App
}

// serve starts a server of a build. It writes a line to a file for each action that it executes.
func (b *build) serve(t testing.TB, actions string) *served {
	t.Helper()
	s := &served{b, &harness.App{
		Zone: b.name + " of Next.js " + b.next, Dir: b.dir, Server: "server.js", Ready: "/api/where", Env: []string{"ACTION_LOG=" + actions},
	}}
	s.Serve(t)
	return s
}

// executed are the actions that were executed, a line each.
func executed(t testing.TB, actions string) []string {
	t.Helper()
	content, err := os.ReadFile(actions)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

// wait waits until a condition holds.
func wait(t testing.TB, condition func() bool, what string, args ...any) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, condition, what, args...)
}
