//go:build e2e

package parity_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// targets are paths that the fixtures answer by rules of every form, below the basePath, besides those that the build
// names.
var targets = []harness.Asked{
	{Target: "/old/shoe"},
	{Target: "/old/shoe?color=red"},
	{Target: "/old/a%20b"},
	{Target: "/moved"},
	{Target: "/moved/"},
	{Target: "/MOVED"},
	{Target: "/n/12"},
	{Target: "/n/12345"},
	{Target: "/archive/a/b"},
	{Target: "/archive"},
	{Target: "/with-query"},
	{Target: "/away/x/y"},
	{Target: "/gone"},
	{Target: "/by-header"},
	{Target: "/by-header", Headers: []string{"X-Go", "there"}},
	{Target: "/by-query"},
	{Target: "/by-query?to=there"},
	{Target: "/by-cookie"},
	{Target: "/by-cookie", Headers: []string{"Cookie", "a=b; go=yes"}},
	{Target: "/by-host"},
	{Target: "/first-visit"},
	{Target: "/first-visit", Headers: []string{"Cookie", "seen=1"}},
	{Target: "/shadowed.txt"},
	{Target: "/before"},
	{Target: "/before", Headers: []string{"X-Rewrite", "1"}},
	{Target: "/before", Headers: []string{"Cookie", "rewrite=1"}},
	{Target: "/alias/one"},
	{Target: "/alias/new"},
	{Target: "/after"},
	{Target: "/late/a/b"},
	{Target: "/late"},
	{Target: "/items/one"},
	{Target: "/items/three"},
	{Target: "/items/a%2Fb"},
	{Target: "/items/one/"},
	{Target: "/items/one?x=1"},
	{Target: "/docs/a/b"},
	{Target: "/docs"},
	{Target: "/opt"},
	{Target: "/opt/x/y"},
	{Target: "/open"},
	{Target: "/open/"},
	{Target: "/open?who=runa"},
	{Target: "/open", Headers: []string{"X-Want", "bread"}},
	{Target: "/open", Headers: []string{"Cookie", "seen=1"}},
	{Target: "/OPEN"},
	{Target: "/%6fpen"},
	{Target: "/no-such-page"},
	{Target: "/no/such/page"},
	{Target: "/_next/static/no-such-file.js"},
	{Target: "/_next/nothing"},
	{Target: "/certificate"},
	{Target: "/certificate/"},
	{Target: "/files/caf%C3%A9%20menu.txt"},
	{Target: "/files/caf%c3%a9%20menu.txt"},
	{Target: "/files/"},
	{Target: "/plain.txt/"},
	{Target: "/gallery"},
	{Target: "/gallery/1"},
	{Target: "/gallery/1", Headers: []string{"Next-Url", "/gallery"}},
	{Target: "/private"},
	{Target: "/private/one"},
	{Target: "/private/other"},
	{Target: "/private.txt"},
	{Target: "/private.jpg"},
	{Target: "/secret"},
	{Target: "/mw/rewrite/"},
	{Target: "/mw/redirect/"},
	{Target: "/mw/header/"},
	{Target: "/api/echo"},
	{Target: "/api/pages-echo"},
	{Target: "/_next/image?url=%2Fphoto.jpg&w=640&q=75"},
	{Target: "/later/none"},
	{Target: "/later/7"},
	{Target: "/ssr"},
	{Target: "/p/isr/one"},
	{Target: "/p/isr/new"},
	{Target: "/fr"},
	{Target: "/fr/open"},
	{Target: "/en/open"},
	{Target: "/FR/open"},
	{Target: "/fr/items/one"},
	{Target: "/fr/api/echo"},
	{Target: "/fr/plain.txt"},
	{Target: "/en/plain.txt"},
	{Target: "/fr/private"},
	{Target: "/fr/vieux"},
	{Target: "//open"},
	{Target: "/./open"},
	{Target: "/x/../open"},
	{Target: "/open//"},
}

// requestsOf returns what is asked of an application: the targets, and every path that its build names.
func requestsOf(f *harness.Fixture) []harness.Asked {
	var list []harness.Asked
	for _, target := range targets {
		target.Target = strings.Replace(f.Build.BasePath+target.Target, "url=%2F",
			"url="+url.QueryEscape(f.Build.BasePath+"/"), 1)
		list = append(list, target)
	}
	slash := ""
	if f.Build.TrailingSlash {
		slash = "/"
	}
	add := func(path string) {
		if path = f.Build.BasePath + path; path != "" {
			list = append(list, harness.Asked{Target: path})
		}
	}
	for route := range f.Build.Routes {
		if !strings.Contains(route, "[") {
			add(route)
			add(strings.TrimSuffix(route, "/") + slash)
		}
	}
	for path, prerender := range f.Build.Prerenders {
		add(path)
		add(strings.TrimSuffix(path, "/") + slash)
		if strings.HasPrefix(prerender.Data, "/_next/data/") {
			add(prerender.Data)
		}
	}
	for _, path := range slices.Concat(f.Build.Public, f.Build.Static) {
		add(path)
	}
	if asset := f.Build.AssetPath(); asset != "" {
		for _, path := range f.Build.Static {
			list = append(list, harness.Asked{Target: asset + path})
		}
	}
	add("/_next/image" + slash + "?url=" + url.QueryEscape(f.Build.BasePath+"/photo.jpg") + "&w=640&q=75")
	list = append(list, harness.Asked{Target: "/elsewhere"}, harness.Asked{Target: "/elsewhere/"},
		harness.Asked{Target: "/elsewhere/a/"})
	slices.SortFunc(list, func(a, b harness.Asked) int {
		return strings.Compare(a.Target+strings.Join(a.Headers, ","), b.Target+strings.Join(b.Headers, ","))
	})
	return slices.CompactFunc(list, func(a, b harness.Asked) bool {
		return a.Target == b.Target && slices.Equal(a.Headers,
			b.Headers)
	})
}

// Next.js is asked whether each verdict is right. A verdict may send to Next.js what the edge could have answered, and
// nothing else.
func TestNoVerdictIsWrong(t *testing.T) {
	for _, f := range harness.Fixtures(t).All() {
		t.Run(f.Zone, func(t *testing.T) {
			edge, total := 0, 0
			for _, request := range requestsOf(f) {
				verdict := f.Verdict(t, request.Target, request.Headers...)
				// The edge passes it on like this.
				path, query, _ := strings.Cut(request.Target, "?")
				path, _ = spelling.Respell(path)
				direct := f.Ask(t, false, "GET", strings.TrimSuffix(path+"?"+query, "?"), request.Headers...)
				what := strings.Join(append([]string{request.Target, "→", verdict.String()}, request.Headers...), " ")
				total++
				if !verdict.Edge() {
					continue
				}
				edge++
				assert.NotContains(t, direct.Text, "no entry", "%s: the middleware guards it", what)
				for _, header := range verdict.Headers {
					if header.Key != "Cache-Control" || verdict.Output == rules.OutputPublic {
						assert.Equal(t, header.Value, direct.Header.Get(header.Key), "%s: %s", what, header.Key)
					}
				}
				switch verdict.Output {
				case rules.OutputNone:
					assert.Equal(t, verdict.Status, direct.StatusCode, what)
					assert.Equal(t, verdict.Location, direct.Header.Get("Location"), what)
				case rules.OutputStatic, rules.OutputPublic:
					if assert.Equal(t, 200, direct.StatusCode, what) {
						assert.Equal(t, fileOf(t, f, verdict), direct.Text, what)
					}
				case rules.OutputImage:
					assert.Equal(t, 200, direct.StatusCode, what)
					assert.True(t, strings.HasPrefix(direct.Header.Get("Content-Type"), "image/"), what)
				default:
					assert.NotContains(t, []int{301, 302, 303, 308}, direct.StatusCode, what)
					if direct.StatusCode == 307 {
						assert.Contains(t, verdict.Page, "/leave", "%s: only a page that redirects does", what)
					}
				}
			}
			t.Logf("%d of %d requests need no Next.js", edge, total)
			assert.Greater(t, edge, total/3, "a verdict that always asks Next.js is none")
		})
	}
}

// fileOf returns the file that a verdict names.
func fileOf(t testing.TB, f *harness.Fixture, verdict *rules.Verdict) string {
	t.Helper()
	path, err := url.PathUnescape(verdict.Path)
	require.NoError(t, err)
	name := filepath.Join(f.Build.PublicDir, path)
	if inner, ok := strings.CutPrefix(path, "/_next/static/"); ok {
		name = filepath.Join(f.Build.StaticDir, inner)
	}
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}
