//go:build e2e

package e2e_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// asked is a request for a page or file of an application.
type asked struct {
	target  string
	headers []string
}

// targets are paths that the fixtures answer by rules of every form, below the basePath, besides those that the build names.
var targets = []asked{
	{target: "/old/shoe"},
	{target: "/old/shoe?color=red"},
	{target: "/old/a%20b"},
	{target: "/moved"},
	{target: "/moved/"},
	{target: "/MOVED"},
	{target: "/n/12"},
	{target: "/n/12345"},
	{target: "/archive/a/b"},
	{target: "/archive"},
	{target: "/with-query"},
	{target: "/away/x/y"},
	{target: "/gone"},
	{target: "/by-header"},
	{target: "/by-header", headers: []string{"X-Go", "there"}},
	{target: "/by-query"},
	{target: "/by-query?to=there"},
	{target: "/by-cookie"},
	{target: "/by-cookie", headers: []string{"Cookie", "a=b; go=yes"}},
	{target: "/by-host"},
	{target: "/first-visit"},
	{target: "/first-visit", headers: []string{"Cookie", "seen=1"}},
	{target: "/shadowed.txt"},
	{target: "/before"},
	{target: "/before", headers: []string{"X-Rewrite", "1"}},
	{target: "/before", headers: []string{"Cookie", "rewrite=1"}},
	{target: "/alias/one"},
	{target: "/alias/new"},
	{target: "/after"},
	{target: "/late/a/b"},
	{target: "/late"},
	{target: "/items/one"},
	{target: "/items/three"},
	{target: "/items/a%2Fb"},
	{target: "/items/one/"},
	{target: "/items/one?x=1"},
	{target: "/docs/a/b"},
	{target: "/docs"},
	{target: "/opt"},
	{target: "/opt/x/y"},
	{target: "/open"},
	{target: "/open/"},
	{target: "/open?who=runa"},
	{target: "/open", headers: []string{"X-Want", "bread"}},
	{target: "/open", headers: []string{"Cookie", "seen=1"}},
	{target: "/OPEN"},
	{target: "/%6fpen"},
	{target: "/no-such-page"},
	{target: "/no/such/page"},
	{target: "/_next/static/no-such-file.js"},
	{target: "/_next/nothing"},
	{target: "/certificate"},
	{target: "/certificate/"},
	{target: "/files/caf%C3%A9%20menu.txt"},
	{target: "/files/caf%c3%a9%20menu.txt"},
	{target: "/files/"},
	{target: "/plain.txt/"},
	{target: "/gallery"},
	{target: "/gallery/1"},
	{target: "/gallery/1", headers: []string{"Next-Url", "/gallery"}},
	{target: "/private"},
	{target: "/private/one"},
	{target: "/private/other"},
	{target: "/private.txt"},
	{target: "/private.jpg"},
	{target: "/secret"},
	{target: "/mw/rewrite/"},
	{target: "/mw/redirect/"},
	{target: "/mw/header/"},
	{target: "/api/echo"},
	{target: "/api/pages-echo"},
	{target: "/_next/image?url=%2Fphoto.jpg&w=640&q=75"},
	{target: "/later/none"},
	{target: "/later/7"},
	{target: "/ssr"},
	{target: "/p/isr/one"},
	{target: "/p/isr/new"},
	{target: "/fr"},
	{target: "/fr/open"},
	{target: "/en/open"},
	{target: "/FR/open"},
	{target: "/fr/items/one"},
	{target: "/fr/api/echo"},
	{target: "/fr/plain.txt"},
	{target: "/en/plain.txt"},
	{target: "/fr/private"},
	{target: "/fr/vieux"},
	{target: "//open"},
	{target: "/./open"},
	{target: "/x/../open"},
	{target: "/open//"},
}

// requests returns what is asked of an application: the targets, and every path that its build names.
func (f *fixture) requests() []asked {
	var list []asked
	for _, target := range targets {
		target.target = strings.Replace(f.build.BasePath+target.target, "url=%2F", "url="+url.QueryEscape(f.build.BasePath+"/"), 1)
		list = append(list, target)
	}
	slash := ""
	if f.build.TrailingSlash {
		slash = "/"
	}
	add := func(path string) {
		if path = f.build.BasePath + path; path != "" {
			list = append(list, asked{target: path})
		}
	}
	for route := range f.build.Routes {
		if !strings.Contains(route, "[") {
			add(route)
			add(strings.TrimSuffix(route, "/") + slash)
		}
	}
	for path, prerender := range f.build.Prerenders {
		add(path)
		add(strings.TrimSuffix(path, "/") + slash)
		if strings.HasPrefix(prerender.Data, "/_next/data/") {
			add(prerender.Data)
		}
	}
	for _, path := range slices.Concat(f.build.Public, f.build.Static) {
		add(path)
	}
	if asset := f.build.AssetPath(); asset != "" {
		for _, path := range f.build.Static {
			list = append(list, asked{target: asset + path})
		}
	}
	add("/_next/image" + slash + "?url=" + url.QueryEscape(f.build.BasePath+"/photo.jpg") + "&w=640&q=75")
	list = append(list, asked{target: "/elsewhere"}, asked{target: "/elsewhere/"}, asked{target: "/elsewhere/a/"})
	slices.SortFunc(list, func(a, b asked) int {
		return strings.Compare(a.target+strings.Join(a.headers, ","), b.target+strings.Join(b.headers, ","))
	})
	return slices.CompactFunc(list, func(a, b asked) bool { return a.target == b.target && slices.Equal(a.headers, b.headers) })
}

// Next.js is asked whether each verdict is right. A verdict may send to Next.js what the edge could have answered, and nothing else.
func TestNoVerdictIsWrong(t *testing.T) {
	for _, f := range fixtures(t).all() {
		t.Run(f.zone, func(t *testing.T) {
			edge, total := 0, 0
			for _, request := range f.requests() {
				verdict := f.verdict(t, request.target, request.headers...)
				// The edge passes it on like this.
				path, query, _ := strings.Cut(request.target, "?")
				path, _ = zones.Respell(path)
				direct := f.ask(t, false, "GET", strings.TrimSuffix(path+"?"+query, "?"), request.headers...)
				what := strings.Join(append([]string{request.target, "→", verdict.String()}, request.headers...), " ")
				total++
				if !verdict.Edge() {
					continue
				}
				edge++
				assert.NotContains(t, direct.body, "no entry", "%s: the middleware guards it", what)
				for _, header := range verdict.Headers {
					if header.Key != "Cache-Control" || verdict.Output == zones.OutputPublic {
						assert.Equal(t, header.Value, direct.Header.Get(header.Key), "%s: %s", what, header.Key)
					}
				}
				switch verdict.Output {
				case zones.OutputNone:
					assert.Equal(t, verdict.Status, direct.StatusCode, what)
					assert.Equal(t, verdict.Location, direct.Header.Get("Location"), what)
				case zones.OutputStatic, zones.OutputPublic:
					if assert.Equal(t, 200, direct.StatusCode, what) {
						assert.Equal(t, f.file(t, verdict), direct.body, what)
					}
				case zones.OutputImage:
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

// file returns the file that a verdict names.
func (f *fixture) file(t testing.TB, verdict *zones.Verdict) string {
	t.Helper()
	path, err := url.PathUnescape(verdict.Path)
	require.NoError(t, err)
	name := filepath.Join(f.build.PublicDir, path)
	if inner, ok := strings.CutPrefix(path, "/_next/static/"); ok {
		name = filepath.Join(f.build.StaticDir, inner)
	}
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}
