//go:build e2e

package files_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// exportDir is the application that is built with output: 'export'.
func exportDir(name string) string {
	return filepath.Join(harness.Repository(), "e2e", "fixtures", "export", name)
}

// exportEdge returns an edge with both exports of the fixture and their builds, and nothing else.
func exportEdge(t testing.TB) *harness.Edge {
	t.Helper()
	return harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone plain / {\n\t\t\texport %s\n\t\t\tbuild %s\n\t\t}\n\t\tzone slash {\n\t\t\texport %s\n\t\t\tbuild %s\n\t\t}\n",
		exportDir("out"), exportDir(".next"), exportDir("out-slash"), exportDir(".next-slash"))})
}

// exportedFiles returns the files of an export by their names, with slashes.
func exportedFiles(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files["/"+filepath.ToSlash(name)] = string(content)
		return err
	}))
	require.Greater(t, len(files), 40)
	return files
}

// Every file comes whole by its own name, and every page by its path, in every coding and over every protocol.
func TestEveryFileOfAnExportComesFromTheEdge(t *testing.T) {
	e := exportEdge(t)
	var list []wantedFile
	for dir, base := range map[string]string{"out": "", "out-slash": "/guide"} {
		for name, content := range exportedFiles(t, exportDir(dir)) {
			want := wantedFile{base + (&url.URL{Path: name}).EscapedPath(), content, harness.AskFirst, http.StatusOK}
			switch {
			case name == "/plain.txt":
				want.cacheControl = "public, max-age=600" // headers() says so
			case name == "/shadowed.txt":
				want.content = "plain\n" // a rewrite takes it
			case strings.HasPrefix(name, "/_next/static/"):
				want.cacheControl = immutable
			case strings.HasPrefix(name, "/404") || strings.HasPrefix(name, "/_not-found") && strings.HasSuffix(name, ".html"):
				want.status, want.cacheControl = http.StatusNotFound, "private, no-cache, no-store, max-age=0, must-revalidate"
			}
			list = append(list, want)
			page, isPage := strings.CutSuffix(want.path, ".html")
			if base != "" {
				page, isPage = strings.CutSuffix(want.path, "index.html")
			} else {
				page = strings.TrimSuffix(page, "index")
			}
			if isPage {
				want.path = page
				list = append(list, want)
			}
		}
	}
	askForAll(t, e, list)
}

// The rules of next.config do what they do in the same application with a server.
func TestTheRulesBesideAnExportAreThoseOfNextJS(t *testing.T) {
	server := &harness.App{
		Zone: "export", Dir: exportDir(""), Server: ".next-server/standalone/server.js",
		Ready: "/about",
	}
	server.Serve(t)
	e := exportEdge(t)
	requests := []harness.Asked{
		{Target: "/moved"},
		{Target: "/moved/"},
		{Target: "/MOVED"},
		{Target: "/gone"},
		{Target: "/with-query"},
		{Target: "/with-query?a=2&c=3"},
		{Target: "/n/12?w=%3F"},
		{Target: "/n/12345"},
		{Target: "/n/x"},
		{Target: "/old/a"},
		{Target: "/old/a/"},
		{Target: "/old/a%20b?q=%E2%82%AC&z=a+b"},
		{Target: "/old/a,b;c@d:e$f!g=h&i+j?e=%2F"},
		{Target: "/old/a(b)*c"},
		{Target: "/old/x%2Fy"},
		{Target: "/old/caf%C3%A9"},
		{Target: "/old"},
		{Target: "/old/a?slug=1"},
		{Target: "/old/one.txt?_rsc=abc"},
		{Target: "/away"},
		{Target: "/away?x=1"},
		{Target: "/away/a/b?x=1"},
		{Target: "/archive"},
		{Target: "/archive/"},
		{Target: "/archive/a/b/?x"},
		{Target: "/by-header"},
		{Target: "/by-header", Headers: []string{"X-Go", "yes"}},
		{Target: "/by-header", Headers: []string{"X-Go", "no"}},
		{Target: "/first-visit?why=old"},
		{Target: "/first-visit", Headers: []string{"Cookie", "seen=1"}},
		{Target: "/first-visit", Headers: []string{"Cookie", "a=b; seen=1"}},
		{Target: "/about"},
		{Target: "/about", Headers: []string{"Cookie", "seen=1"}},
		{Target: "/about/"},
		{Target: "/about/?x=%20&y=a:b"},
		{Target: "/about/?path=2"},
		{Target: "/"},
		{Target: "/items/one"},
		{Target: "/items/caf%C3%A9%20menu"},
		{Target: "/alias/one"},
		{Target: "/alias/none"},
		{Target: "/shadowed.txt"},
		{Target: "/plain.txt"},
		{Target: "/plain.txt/"},
		{Target: "/feed.xml"},
		{Target: "/icon.svg"},
		{Target: "/nowhere"},
		{Target: "/nowhere/"},
		{Target: "/404"},
		{Target: "/_not-found"},
		{Target: "/_next/static/nope.js"},
		{Target: "//about?x=1"},
		{Target: `/\about`},
		{Target: "/about//"},
	}
	for _, query := range []string{"x", "x=1&x=2", "x=b&1=z", "x=%zz", "&&", "a=one&b=b%2Fc", "q=:slug", "x=%27()*!~", "x=a|b\"c", "=x", "x==y", "%C3%28=1", "10=a&9=b&x=c&01=d", "x=%F0%9F%8C%8A"} {
		requests = append(requests, harness.Asked{Target: "/moved?" + query}, harness.Asked{Target: "/with-query?" + query},
			harness.Asked{Target: "/about/?" + query})
	}
	for _, r := range requests {
		want := harness.RawGet(t, server.Upstream(), r.Target, e.Address(), r.Headers...)
		got := harness.RawGet(t, e.Address(), r.Target, e.Address(), r.Headers...)
		what := fmt.Sprintf("%s %q", r.Target, r.Headers)
		assert.Equal(t, want.StatusCode, got.StatusCode, what)
		for _, header := range []string{"Location", "Refresh", "X-Everywhere", "X-New"} {
			assert.Equal(t, want.Header[header], got.Header[header], "%s: %s", what, header)
		}
		if want.StatusCode >= 300 && want.StatusCode < 400 {
			assert.Equal(t, want.Text, got.Text, what)
			assert.Equal(t, want.Header["Cache-Control"], got.Header["Cache-Control"], what)
		}
		if strings.HasSuffix(r.Target, ".txt") {
			assert.Equal(t, want.Text, got.Text, what)
		}
	}
	// What does not apply is said.
	assert.Contains(t, e.Log.Since(0), `"rules_not_applied":["headers /items/:slug","redirects /by-query","rewrites.afterFiles /upstream/:path*"]`)
}

// While an export is replaced under load, in whatever way, every file comes whole, the old or the new.
func TestAnExportIsReplacedUnderLoad(t *testing.T) {
	root := t.TempDir()
	source, other := exportDir("out"), filepath.Join(root, "other")
	old := exportedFiles(t, source)
	require.NoError(t, os.CopyFS(other, os.DirFS(source)))
	for name, content := range old {
		if !strings.HasPrefix(name, "/_next/") {
			require.NoError(t, os.WriteFile(filepath.Join(other, name), []byte(content+"\n"), 0o600))
		}
	}
	dir := filepath.Join(root, "out")
	require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	e := harness.StartEdge(t, nil, harness.Setup{
		Global: "\tnextjs {\n\t\tstatic {\n\t\t\tmemory 8KiB\n\t\t}\n\t}\n",
		Zones:  fmt.Sprintf("\t\twatch 200ms\n\t\tzone {\n\t\t\texport %s\n\t\t}\n", dir),
	})
	names := []string{}
	for name := range old {
		if !strings.HasPrefix(name, "/404") && !strings.HasPrefix(name, "/_not-found") {
			names = append(names, name)
		}
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for worker := range 4 {
		client := edgetest.PlainClient(t)
		group.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				name := names[i%len(names)]
				a := edgetest.Get(t, client, e.URL((&url.URL{Path: name}).EscapedPath()))
				assert.Equal(t, http.StatusOK, a.StatusCode, name)
				assert.True(t, a.Text == old[name] || a.Text == old[name]+"\n", "%s is whole", name)
			}
		})
	}
	taken := func(mark int) func() bool {
		// By both sites of the edge.
		return func() bool { return strings.Count(e.Log.Since(mark), "build taken") >= 2 }
	}
	for i := range harness.LongOr(6, 60) {
		next := []string{other, source}[i%2]
		mark := e.Log.Mark()
		switch i / 2 % 3 {
		case 0:
			// The old is gone before the new is there.
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.CopyFS(dir, os.DirFS(next)))
		case 1:
			// Both are there, and one takes the place of the other.
			fresh, gone := dir+"-fresh", dir+"-gone"
			require.NoError(t, os.CopyFS(fresh, os.DirFS(next)))
			require.NoError(t, os.Rename(dir, gone))
			require.NoError(t, os.Rename(fresh, dir))
			require.NoError(t, os.RemoveAll(gone))
		default:
			// A link moves.
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.Symlink(next, dir))
		}
		edgetest.Eventually(t, edgetest.Patience, taken(mark), "export %d is taken", i)
		client := edgetest.PlainClient(t)
		want := old["/about.html"]
		if next == other {
			want += "\n"
		}
		assert.True(t, want == edgetest.Get(t, client, e.URL("/about")).Text, "the new one is served")
	}
	close(stop)
	group.Wait()
}
