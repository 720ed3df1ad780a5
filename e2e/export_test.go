//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exportDir is the application that is built with output: 'export'.
func exportDir(name string) string {
	return filepath.Join(repository(), "e2e", "fixtures", "export", name)
}

// exportEdge returns an edge with both exports of the fixture and their builds, and nothing else.
func exportEdge(t testing.TB) *edge {
	t.Helper()
	return startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone plain / {\n\t\t\texport %s\n\t\t\tbuild %s\n\t\t}\n\t\tzone slash {\n\t\t\texport %s\n\t\t\tbuild %s\n\t\t}\n",
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
	type wanted struct {
		path, content, cacheControl string
		status                      int
	}
	var list []wanted
	for dir, base := range map[string]string{"out": "", "out-slash": "/guide"} {
		for name, content := range exportedFiles(t, exportDir(dir)) {
			want := wanted{base + (&url.URL{Path: name}).EscapedPath(), content, askFirst, http.StatusOK}
			switch {
			case name == "/plain.txt":
				want.cacheControl = "public, max-age=600" // headers() says so
			case name == "/shadowed.txt":
				want.content = "plain\n" // a rewrite takes it
			case strings.HasPrefix(name, "/_next/static/"):
				want.cacheControl = "public, max-age=31536000, immutable"
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
	for _, protocol := range protocols {
		client := e.client(t, protocol)
		for _, coding := range codings {
			var group sync.WaitGroup
			work := make(chan wanted)
			for range 4 {
				group.Go(func() {
					for f := range work {
						res := get(t, client, e.tlsURL(f.path), "Accept-Encoding", coding)
						body := new(strings.Builder)
						used := res.Header.Get("Content-Encoding")
						_, err := io.Copy(body, decoded(t, used, strings.NewReader(res.body)))
						assert.NoError(t, err, f.path)
						assert.Equal(t, f.status, res.StatusCode, f.path)
						assert.True(t, f.content == body.String(), "%s in %s over %s", f.path, coding, protocol)
						assert.Equal(t, f.cacheControl, res.Header.Get("Cache-Control"), f.path)
					}
				})
			}
			for _, f := range list {
				work <- f
			}
			close(work)
			group.Wait()
		}
	}
}

// The rules of next.config do what they do in the same application with a server.
func TestTheRulesBesideAnExportAreThoseOfNextJS(t *testing.T) {
	server := &app{zone: "export", dir: exportDir(""), server: ".next-server/standalone/server.js", ready: "/about"}
	require.NoError(t, server.start())
	t.Cleanup(server.kill)
	require.NoError(t, server.waitUntilReady())
	e := exportEdge(t)
	requests := []asked{
		{target: "/moved"},
		{target: "/moved/"},
		{target: "/MOVED"},
		{target: "/gone"},
		{target: "/with-query"},
		{target: "/with-query?a=2&c=3"},
		{target: "/n/12?w=%3F"},
		{target: "/n/12345"},
		{target: "/n/x"},
		{target: "/old/a"},
		{target: "/old/a/"},
		{target: "/old/a%20b?q=%E2%82%AC&z=a+b"},
		{target: "/old/a,b;c@d:e$f!g=h&i+j?e=%2F"},
		{target: "/old/a(b)*c"},
		{target: "/old/x%2Fy"},
		{target: "/old/caf%C3%A9"},
		{target: "/old"},
		{target: "/old/a?slug=1"},
		{target: "/old/one.txt?_rsc=abc"},
		{target: "/away"},
		{target: "/away?x=1"},
		{target: "/away/a/b?x=1"},
		{target: "/archive"},
		{target: "/archive/"},
		{target: "/archive/a/b/?x"},
		{target: "/by-header"},
		{target: "/by-header", headers: []string{"X-Go", "yes"}},
		{target: "/by-header", headers: []string{"X-Go", "no"}},
		{target: "/first-visit?why=old"},
		{target: "/first-visit", headers: []string{"Cookie", "seen=1"}},
		{target: "/first-visit", headers: []string{"Cookie", "a=b; seen=1"}},
		{target: "/about"},
		{target: "/about", headers: []string{"Cookie", "seen=1"}},
		{target: "/about/"},
		{target: "/about/?x=%20&y=a:b"},
		{target: "/about/?path=2"},
		{target: "/"},
		{target: "/items/one"},
		{target: "/items/caf%C3%A9%20menu"},
		{target: "/alias/one"},
		{target: "/alias/none"},
		{target: "/shadowed.txt"},
		{target: "/plain.txt"},
		{target: "/plain.txt/"},
		{target: "/feed.xml"},
		{target: "/icon.svg"},
		{target: "/nowhere"},
		{target: "/nowhere/"},
		{target: "/404"},
		{target: "/_not-found"},
		{target: "/_next/static/nope.js"},
		{target: "//about?x=1"},
		{target: `/\about`},
		{target: "/about//"},
	}
	for _, query := range []string{"x", "x=1&x=2", "x=b&1=z", "x=%zz", "&&", "a=one&b=b%2Fc", "q=:slug", "x=%27()*!~", "x=a|b\"c", "=x", "x==y", "%C3%28=1", "10=a&9=b&x=c&01=d", "x=%F0%9F%8C%8A"} {
		requests = append(requests, asked{target: "/moved?" + query}, asked{target: "/with-query?" + query}, asked{target: "/about/?" + query})
	}
	for _, r := range requests {
		want := rawGet(t, server.upstream(), r.target, e.address(), r.headers...)
		got := rawGet(t, e.address(), r.target, e.address(), r.headers...)
		what := fmt.Sprintf("%s %q", r.target, r.headers)
		assert.Equal(t, want.StatusCode, got.StatusCode, what)
		for _, header := range []string{"Location", "Refresh", "X-Everywhere", "X-New"} {
			assert.Equal(t, want.Header[header], got.Header[header], "%s: %s", what, header)
		}
		if want.StatusCode >= 300 && want.StatusCode < 400 {
			assert.Equal(t, want.body, got.body, what)
			assert.Equal(t, want.Header["Cache-Control"], got.Header["Cache-Control"], what)
		}
		if strings.HasSuffix(r.target, ".txt") {
			assert.Equal(t, want.body, got.body, what)
		}
	}
	// What does not apply is said.
	assert.Contains(t, e.log.since(0), `"rules_not_applied":["headers /items/:slug","redirects /by-query","rewrites.afterFiles /upstream/:path*"]`)
}

// The application behaves as with a server: links load payloads and no documents, and what is not found is its own page.
func TestAnExportInTheBrowser(t *testing.T) {
	e := exportEdge(t)
	for zone, c := range map[string]struct{ base, slash, payload string }{"plain": {"", "", "/about.txt"}, "slash": {"/guide", "/", "/guide/about/index.txt"}} {
		t.Run(zone, func(t *testing.T) {
			var mu sync.Mutex
			var paths []string
			w := openWindowAt(t, e, e.tlsURL(""), c.base+"/", func(event any) {
				if sent, ok := event.(*network.EventRequestWillBeSent); ok {
					mu.Lock()
					defer mu.Unlock()
					path, _, _ := strings.Cut(pathOf(sent.Request.URL), "?")
					paths = append(paths, path)
				}
			})
			w.settle(t)
			w.waitFor(t, `[...document.images].every(img => img.complete && img.naturalWidth > 0)`)
			w.click(t, "button")
			w.waitFor(t, `document.querySelector("button").textContent === "counted 1"`)
			eval[string](t, w, leaveMark)
			documents := w.documentCount()
			for _, step := range [][2]string{{"/items", "Items"}, {"/items/one", "Item one"}, {"/items", "Items"}} {
				w.click(t, `a[href="`+c.base+step[0]+c.slash+`"]`)
				w.waitFor(t, `location.pathname === `+quoted(c.base+step[0]+c.slash)+` && document.querySelector("h1").textContent === `+quoted(step[1]))
			}
			assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.documentCount(), "no document is asked for")
			assert.Empty(t, w.allTroubles())
			mu.Lock()
			assert.True(t, slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(path, "/__next.") && strings.HasSuffix(path, ".txt") }), "segments are asked for as files: %q", paths)
			mu.Unlock()

			// A payload by the path that the client makes of the page's.
			res := get(t, e.client(t, "HTTP/2.0"), e.tlsURL(c.payload+"?_rsc=abc"), "RSC", "1")
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, "text/plain; charset=UTF-8", res.Header.Get("Content-Type"))

			// A link to nowhere loads the page for what is not found.
			eval[bool](t, w, `(location.href = `+quoted(c.base+"/about"+c.slash)+`, true)`)
			w.waitFor(t, `document.readyState === "complete" && document.querySelector("h1")?.textContent === "About"`)
			w.settle(t)
			w.click(t, `a[href="`+c.base+`/nowhere`+c.slash+`"]`)
			w.waitFor(t, `document.readyState === "complete" && document.querySelector("h1")?.textContent === "No such page"`)
			assert.Equal(t, c.base+"/nowhere"+c.slash, eval[string](t, w, `location.pathname`))
		})
	}
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
	e := startEdge(t, nil, setup{
		global: "\tnextjs {\n\t\tstatic {\n\t\t\tmemory 8KiB\n\t\t}\n\t}\n",
		zones:  fmt.Sprintf("\t\twatch 200ms\n\t\tzone {\n\t\t\texport %s\n\t\t}\n", dir),
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
		client := plainClient(t)
		group.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				name := names[i%len(names)]
				a := get(t, client, e.url((&url.URL{Path: name}).EscapedPath()))
				assert.Equal(t, http.StatusOK, a.StatusCode, name)
				assert.True(t, a.body == old[name] || a.body == old[name]+"\n", "%s is whole", name)
			}
		})
	}
	taken := func(mark int) func() bool {
		// By both sites of the edge.
		return func() bool { return strings.Count(e.log.since(mark), "build taken") >= 2 }
	}
	for i := range longOr(6, 60) {
		next := []string{other, source}[i%2]
		mark := e.log.mark()
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
		eventually(t, patience, taken(mark), "export %d is taken", i)
		client := plainClient(t)
		want := old["/about.html"]
		if next == other {
			want += "\n"
		}
		assert.True(t, want == get(t, client, e.url("/about")).body, "the new one is served")
	}
	close(stop)
	group.Wait()
}
