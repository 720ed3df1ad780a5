package caddymodule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/cli"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// script is a text that compresses, of a size in bytes.
func script(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "export const value%d = %d;\n", i, i*i)
	}
	return b.String()[:size]
}

// writeFilesBuild writes a build with files of every fate: /docs, both routers, middleware, a rewrite, a link that
// leads out.
func writeFilesBuild(t *testing.T, dir string) {
	t.Helper()
	references := func(page, entries string) string {
		return `globalThis.__RSC_MANIFEST=(globalThis.__RSC_MANIFEST||{});globalThis.__RSC_MANIFEST["` + page + `"]={"entryJSFiles":{` + entries + `}}`
	}
	buildtest.Write(t, dir, buildtest.Build{
		ID:     "abc",
		Config: buildtest.JSON{"basePath": "/docs"},
		App:    map[string]string{"/page": "/", "/about/page": "/about", "/feed/route": "/feed"},
		Pages:  map[string]string{"/_app": "", "/old": ""},
		Routes: buildtest.JSON{"rewrites": buildtest.JSON{
			"beforeFiles": []buildtest.JSON{{"source": "/docs/b.txt", "destination": "/docs/a.txt", "regex": `^/docs/b\.txt$`}},
		}},
		Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": "^/docs/private"}}}}},
		Files: map[string]string{
			"diagnostics/framework.json": `{"version": "16.4.5"}`,
			"build-manifest.json": `{"polyfillFiles": ["static/poly.js"], "rootMainFiles": ["static/main.js"],
				"pages": {"/_app": ["static/app.js"], "/old": ["static/app.js", "static/old.js"]}}`,
			"server/app/page_client-reference-manifest.js":       references("/page", `"app/page": ["static/page.js"]`),
			"server/app/about/page_client-reference-manifest.js": references("/about/page", ""),
			"static/main.js":        script(9_000),
			"static/page.js":        script(2_000),
			"static/app.js":         script(7_000),
			"static/old.js":         script(300),
			"static/poly.js":        script(900),
			"static/font.woff2":     script(500),
			"../public/a.txt":       script(700),
			"../public/b.txt":       "b",
			"../public/tiny.txt":    "x",
			"../public/private/1":   "1",
			"../public/private/2":   "22",
			"../public/private/3":   "333",
			"../public/private/4":   "4444",
			"../public/private/é/5": "5",
		},
	})
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(filepath.Dir(dir), "public", "link")))
}

// runFiles runs the command and returns what it prints.
func runFiles(args ...string) (string, error) {
	cmd := commandTree()
	args = append([]string{"files"}, args...)
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute()
	return out.String(), err
}

// assertGolden compares text with a golden file.
func assertGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestFilesCommandGolden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeFilesBuild(t, dir)
	text, err := runFiles(filepath.Dir(dir))
	require.NoError(t, err)
	assertGolden(t, "testdata/files/build.txt", strings.ReplaceAll(text, dir, "/srv/docs/.next"))
	for line := range strings.SplitSeq(text, "\n") {
		assert.LessOrEqual(t, len([]rune(strings.ReplaceAll(line, dir, ""))), 80, line)
	}

	both, err := runFiles(dir, dir)
	require.NoError(t, err)
	assert.Equal(t, text+"\n"+text, both, "one after the other")
}

func TestFilesCommandInJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeFilesBuild(t, dir)
	text, err := runFiles("--json", dir)
	require.NoError(t, err)
	var answer report.Files
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&answer))
	plain, err := runFiles(dir)
	require.NoError(t, err)
	assert.Equal(t, plain, cli.FilesText(answer, time.Now()), "JSON says all that the text does")

	b := answer.Zones[0].Build
	assert.Equal(t, "abc", b.ID)
	assert.Equal(t, 6, b.Static.Files)
	assert.EqualValues(t, 19_700, b.Static.Bytes)
	assert.Nil(t, b.Static.Memory)
	for coding, c := range b.Static.Compressed {
		assert.Equal(t, 5, c.Files, "%s: every script, not the font", coding)
		assert.EqualValues(t, 19_200, c.Raw)
		assert.Less(t, c.Bytes, c.Raw/3)
		assert.Equal(t, c.Bytes+500, b.Static.Sent(coding))
	}
	assert.Len(t, b.Static.Compressed, 3)
	assert.Equal(t, 1, b.Public.Compressed["br"].Files, "a copy that is not smaller is none")
	assert.Equal(t, []report.NotServed{
		{Reason: "middleware", Count: report.Count{Files: 5, Bytes: 11}, Examples: []string{"/docs/private/%C3%A9/5", "/docs/private/1", "/docs/private/2"}},
		{Reason: "missing", Count: report.Count{Files: 1}, Examples: []string{"/docs/link"}},
		{Reason: "rewrite", Count: report.Count{Files: 1, Bytes: 1}, Examples: []string{"/docs/b.txt"}},
	}, b.NotServed)
	js := b.JavaScript
	assert.EqualValues(t, 900, js.Polyfills.Bytes)
	assert.EqualValues(t, 9_000, js.App.Shared.Bytes)
	assert.Equal(t, []int64{0, 9_000}, []int64{js.App.Routes[1].Own.Bytes, js.App.Routes[1].FirstLoad.Bytes}, js.App.Routes[1].Route)
	assert.EqualValues(t, 11_000, js.App.All.Bytes)
	assert.EqualValues(t, 7_300, js.Pages.All.Bytes)
}

func TestABuildWithoutItsFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "standalone", ".next")
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/page": "/"}})
	text, err := runFiles(dir)
	require.NoError(t, err)
	assert.Contains(t, text, "/_next/static/: not in the build, Next.js answers\n/ (public folder): not in the build, Next.js answers\n")
	assert.NotContains(t, text, "JavaScript")
}

func TestFilesCommandSaysWhatIsWrong(t *testing.T) {
	free := "localhost:" + edgetest.FreePort(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"zones": `))
	}))
	defer broken.Close()
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"zones": []}`)) }))
	defer empty.Close()
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error": "host not allowed"}`))
	}))
	defer failing.Close()
	lost := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, lost, buildtest.Build{App: map[string]string{"/page": "/"}, Files: map[string]string{
		"static/a.js": "", "server/app/page_client-reference-manifest.js": `__RSC_MANIFEST["/page"]={"entryJSFiles":{"app/page":["static/gone.js"]}}`,
	}})
	for message, args := range map[string][]string{
		"no edge answers at the admin address " + free:                  {"--address", free},
		"\nIt is without caddy-nextjs, or an older one":                 {"--address", other.Listener.Addr().String()},
		"reading the answer of the edge at":                             {"--address", broken.Listener.Addr().String()},
		"serves no zone of Next.js":                                     {"--address", empty.Listener.Addr().String()},
		"asking the edge at":                                            {"--address", failing.Listener.Addr().String()},
		"looking for the admin address in nowhere.json":                 {"--config", "nowhere.json"},
		"which is not asked when build directories are named":           {"--address", free, "."},
		"looking for a build: stat":                                     {filepath.Join(t.TempDir(), "nowhere")},
		"/_next/static/gone.js is not there: the build is not complete": {lost},
		"adding up the scripts of the build in " + lost:                 {lost},
		"unknown flag: --raw":                                           {"--raw"},
	} {
		_, err := runFiles(args...)
		assert.ErrorContains(t, err, message)
	}
}

// The address of a site is easily taken for that of the admin endpoint. What a site answers is a whole page.
func TestASiteIsNotTakenForTheAdminEndpoint(t *testing.T) {
	redirecting := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusPermanentRedirect)
	}
	answering := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<!DOCTYPE html><title>This page could not be found: 404</title>"))
		}
	}
	for name, site := range map[string]http.HandlerFunc{
		"a page":  answering(http.StatusOK),
		"404":     answering(http.StatusNotFound),
		"400":     answering(http.StatusBadRequest),
		"500":     answering(http.StatusInternalServerError),
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"https":   redirecting,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(site)
			defer server.Close()
			address := server.Listener.Addr().String()
			_, err := runFiles("--address", address)
			assert.EqualError(t, err, "http://"+address+" answered, but it is not Caddy's admin endpoint (by default "+
				caddy.DefaultAdminListen+"): name another address by --address or --config, or name build directories")
		})
	}
}

// commandTree returns `caddy nextjs`.
func commandTree() *cobra.Command {
	registered := nextjsCommand()
	cmd := &cobra.Command{Use: registered.Name}
	registered.CobraFunc(cmd)
	return cmd
}
