package files

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Whatever a client writes as path: what it gets is a file of the build, or nothing.
func FuzzFilePath(f *testing.F) {
	const secret = "not for clients"
	dir := f.TempDir()
	buildtest.Write(f, filepath.Join(dir, ".next"), buildtest.Build{
		Config: buildtest.JSON{"basePath": "/docs", "assetPrefix": "/docs-assets"}, App: map[string]string{"/page": "/", "/items/[slug]/page": "/items/[slug]"},
		Files: map[string]string{
			"static/chunks/a.js": "file", "static/chunks/[slug]/a b.js": "file", "../public/a.txt": "file", "../public/deep/ö.txt": "file",
			"server/secret.js": secret, "../.env": secret, "../public-secret.txt": secret,
		},
	})
	require.NoError(f, os.WriteFile(filepath.Join(dir, "outside"), []byte(secret), 0o600))
	require.NoError(f, os.Symlink(filepath.Join(dir, "outside"), filepath.Join(dir, "public", "link")))
	require.NoError(f, os.Symlink("../outside", filepath.Join(dir, "public", "relative")))
	read, err := nextbuild.Read(dir)
	require.NoError(f, err)
	set, err := assets.NewSet(read, assets.Settings{})
	require.NoError(f, err)
	f.Cleanup(func() { _ = set.Close() })
	ruleSet := rules.NewSet(read)
	table, err := zones.NewTable([]*zones.Zone{{Name: "docs", Paths: []string{"/docs", "/docs-assets/_next"}}})
	require.NoError(f, err)
	for _, target := range []string{
		"/docs/a.txt", "/docs/_next/static/chunks/a.js", "/docs-assets/_next/static/chunks/a.js", "/docs/_next/static/chunks/%5Bslug%5D/a%20b.js", "/docs/deep/%C3%B6.txt",
		"/docs/../.env", "/docs/%2e%2e/.env", "/docs/..%2f.env", `/docs/..\.env`, "/docs/_next/static/../server/secret.js", "/docs/link", "/docs/relative", "/docs/../public-secret.txt",
		"/docs//a.txt", "/docs/a.txt/", "/docs/a.txt%00", "/docs/./a.txt", "/docs/_next/static/chunks/", "/docs?a", "*", "http://x/docs/a.txt",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")))
		if err != nil {
			return // the server answers 400
		}
		m, ok := table.FindRequest(r)
		if !ok {
			return
		}
		m = zones.RespellRequest(r.URL, m, ruleSet)
		a := &edge.Request{Verdict: ruleSet.Verdict(r, m.Target)}
		if !isPlain(a, r) || !IsFile(a.Verdict) {
			return
		}
		w := httptest.NewRecorder()
		source, err := set.Serve(w, r, a.Verdict.Path, a.Verdict.Headers, func() []string { return nil })
		require.NoError(t, err)
		if source != assets.NotServed {
			require.Equal(t, "file", w.Body.String(), target)
		}
	})
}
