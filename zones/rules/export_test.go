package rules

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// exportVerdict asks what answers a request of an export. bases are what may stand before the paths of its zone.
func exportVerdict(x *Exported, bases []string, method, target string, headers ...string) *Verdict {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.RawPath, r.URL.RawQuery, _ = strings.Cut(target, "?")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	asked, base := targetOf(spelling.EscapedPath(r.URL)), ""
	for _, prefix := range bases {
		if spelling.HasPathPrefix(asked.Full, prefix) {
			base = prefix
		}
	}
	return x.Verdict(r, asked, base)
}

var plainExport = &nextbuild.Export{NotFound: "/404.html", Files: []string{
	"/index.html", "/index.txt", "/404.html", "/_not-found.html", "/about.html", "/about.txt", "/about/__next._tree.txt", "/items.html", "/items/one.html",
	"/items/one/__next.items.%24d%24slug.__PAGE__.txt", "/items/caf%C3%A9%20menu.html", "/certificate", "/demo/index.html", "/v1.0.html", "/_next/static/chunks/a.js", "/_next/data/abc/x.json",
}}

func TestPagesOfAnExport(t *testing.T) {
	x := NewExported(plainExport, nil)
	for target, want := range map[string]string{
		"/": "page /index.html", "/index.html": "page /index.html", "/about": "page /about.html", "/about.html": "page /about.html", "/about.txt?_rsc=abc": "public /about.txt",
		"/about/__next._tree.txt": "public /about/__next._tree.txt", "/items": "page /items.html", "/items/one": "page /items/one.html",
		"/items/one/__next.items.$d$slug.__PAGE__.txt":     "public /items/one/__next.items.%24d%24slug.__PAGE__.txt",
		"/items/one/__next.items.%24d%24slug.__PAGE__.txt": "public /items/one/__next.items.%24d%24slug.__PAGE__.txt",
		"/items/caf%C3%A9%20menu":                          "page /items/caf%C3%A9%20menu.html", "/items/caf%c3%a9%20menu": "page /items/caf%C3%A9%20menu.html",
		"/certificate": "public /certificate", "/v1.0": "page /v1.0.html", "/_next/static/chunks/a.js": "static /_next/static/chunks/a.js", "/_next/data/abc/x.json": "data /_next/data/abc/x.json",
		// What is written in the other way is redirected, with its query as Next.js writes it.
		"/about/": "redirect 308 /about", "/about/?a=b+c&1=2&d": "redirect 308 /about?1=2&a=b%20c&d=", "/certificate/": "redirect 308 /certificate",
		"/demo": "redirect 308 /demo/", "/demo/": "page /demo/index.html", "/items/caf%C3%A9%20menu/": "redirect 308 /items/caf%C3%A9%20menu",
		"//about?x=a b": "redirect 308 /about?x=a%20b", `/\about`: "redirect 308 /about", "/x/../about": "redirect 308 /about", "/%2e%2e/about": "redirect 308 /about", "/about//": "redirect 308 /about/",
		// Nothing else is there, by no spelling.
		"/nowhere": "unknown /404.html", "/nowhere/": "unknown /404.html", "/404": "unknown /404.html", "/404.html": "unknown /404.html", "/_not-found": "unknown /404.html",
		"/items%2Fone": "unknown /404.html", "/About": "unknown /404.html", "/%zz": "unknown /404.html", "/about%00": "unknown /404.html", "/..%2fabout": "unknown /404.html", "/_next/static": "unknown /404.html",
		"/_next/static/nope.js": "unknown /404.html",
	} {
		assert.Equal(t, want, describe(exportVerdict(x, nil, http.MethodGet, target)), target)
	}
	assert.Equal(t, "method", exportVerdict(x, nil, http.MethodPost, "/about").String())
	assert.Equal(t, "page /about.html", describe(exportVerdict(x, nil, http.MethodHead, "/about")))
	assert.True(t, x.HasFile("/items/one/__next.items.$d$slug.__PAGE__.txt"))
	assert.False(t, x.HasFile("/items/two"))
	assert.Equal(t, "unknown ", describe(exportVerdict(NewExported(&nextbuild.Export{}, nil), nil, http.MethodGet, "/")))
}

// describe tells what a verdict says, in a line.
func describe(v *Verdict) string {
	if v.Status != 0 {
		return fmt.Sprint(v, " ", v.Status, " ", v.Location)
	}
	return fmt.Sprint(v, " ", v.Path)
}

func TestPagesOfAnExportWithSlashesBelowItsBasePath(t *testing.T) {
	e := &nextbuild.Export{NotFound: "/404.html", TrailingSlash: true, Files: []string{
		"/index.html", "/index.txt", "/404.html", "/404/index.html", "/about/index.html", "/about/index.txt", "/about.html", "/feed.xml", "/_next/static/a.js",
	}}
	without := NewExported(e, nil)
	with := NewExported(e, &nextbuild.Build{Config: nextbuild.Config{BasePath: "/guide", AssetPrefix: "/files", TrailingSlash: true}})
	for _, x := range []*Exported{without, with} {
		for target, want := range map[string]string{
			"/guide": "redirect 308 /guide/", "/guide/": "page /index.html", "/guide/about": "redirect 308 /guide/about/", "/guide/about?x=1": "redirect 308 /guide/about/?x=1",
			"/guide/about/": "page /about/index.html", "/guide/about/index.txt": "public /about/index.txt", "/guide/feed.xml": "public /feed.xml", "/guide/feed.xml/": "redirect 308 /guide/feed.xml",
			"/guide/404/": "unknown /404.html", "/guide/nowhere/": "unknown /404.html", "/guide/_next/static/a.js": "static /_next/static/a.js", "/files/_next/static/a.js": "static /_next/static/a.js",
		} {
			assert.Equal(t, want, describe(exportVerdict(x, []string{"/guide", "/files"}, http.MethodGet, target)), target)
		}
	}
	// The only zone of a site has what lies outside its basePath too, and nothing there.
	for _, target := range []string{"/", "/about/", "/feed.xml", "/guidebook", "/_next/static/a.js", "/files/about/", "/files/feed.xml"} {
		assert.Equal(t, "unknown /404.html", describe(exportVerdict(with, []string{"/guide"}, http.MethodGet, target)), target)
	}
}

func TestRulesOfTheBuildBesideAnExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	rule := func(source, regex, destination string, status int, more ...any) buildtest.JSON {
		r := buildtest.JSON{"source": source, "regex": regex, "destination": destination}
		if status != 0 {
			r["statusCode"] = status
		}
		for i := 0; i < len(more); i += 2 {
			r[more[i].(string)] = more[i+1]
		}
		return r
	}
	header := func(source, regex, key, value string, more ...any) buildtest.JSON {
		return rule(source, regex, "", 0, append(more, "headers", []buildtest.JSON{{"key": key, "value": value}})...)
	}
	condition := func(kind, key string) []buildtest.JSON { return []buildtest.JSON{{"type": kind, "key": key}} }
	buildtest.Write(t, dir, buildtest.Build{ID: "abc", Routes: buildtest.JSON{
		"redirects": []buildtest.JSON{
			rule("/:path+/", `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$`, "/:path+", 308, "internal", true),
			rule("/old/:slug", `^/old(?:/([^/]+?))(?:/)?$`, "/items/:slug", 307),
			rule("/away/:path*", `^/away(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`, "https://example.org/:path*", 307),
			rule("/app", `^/app(?:/)?$`, "https://app.example.org?a=1", 301),
			rule("/first", `^/first(?:/)?$`, "/about?why=new", 307, "missing", condition("cookie", "seen")),
			rule("/about", `^/about(?:/)?$`, "/items", 307, "has", condition("header", "X-Go")),
			rule("/captured", `^/captured(?:/)?$`, "/items/:to", 307, "has", condition("query", "to")),
			rule("/proto", `^/proto(?:/)?$`, "/about", 307, "has", condition("header", "x-forwarded-proto")),
			rule("/hash", `^/hash(?:/)?$`, "/about#there", 307),
		},
		"headers": []buildtest.JSON{
			header("/:path*", `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`, "X-Everywhere", "yes"),
			header("/items/:slug", `^/items(?:/([^/]+?))(?:/)?$`, "X-Slug", ":slug"),
		},
		"rewrites": buildtest.JSON{
			"beforeFiles": []buildtest.JSON{rule("/about.txt", `^/about\.txt(?:/)?$`, "/index.txt", 0)},
			"afterFiles": []buildtest.JSON{
				rule("/alias/:slug", `^/alias(?:/([^/]+?))(?:/)?$`, "/items/:slug?from=alias", 0),
				rule("/outside", `^/outside(?:/)?$`, "https://example.org/", 0),
				rule("/items", `^/items(?:/)?$`, "/about", 0),
			},
			"fallback": []buildtest.JSON{rule("/:any", `^(?:/([^/]+?))(?:/)?$`, "/about", 0, "has", condition("query", "late"))},
		},
	}})
	b, err := nextbuild.Read(dir)
	require.NoError(t, err)
	x := NewExported(plainExport, b)
	assert.Equal(t, []string{"headers /items/:slug", "redirects /captured", "redirects /proto", "redirects /hash", "rewrites.afterFiles /outside"}, x.Unapplied())
	for target, want := range map[string]string{
		"/old/a%20b?q=%E2%82%AC&z=a+b": "redirect 307 /items/a%20b?q=%E2%82%AC&z=a%20b", "/old/a,b;c": "redirect 307 /items/a,b;c", "/old/one.txt?_rsc=x": "redirect 307 /items/one.txt?_rsc=x",
		"/away": "redirect 307 https://example.org", "/away/a/b?x=1": "redirect 307 https://example.org/a/b?x=1", "/app?a=2&b": "redirect 301 https://app.example.org/?a=1&b=",
		"/first?why=old": "redirect 307 /about?why=new", "/nowhere/?a": "redirect 308 /nowhere?a=", "/about/": "redirect 308 /about",
		"/about": "page /about.html", "/demo/": "page /demo/index.html", "/items": "page /items.html", "/alias/one": "page /items/one.html", "/alias/two": "unknown /404.html",
		"/about.txt": "public /index.txt", "/outside": "unknown /404.html", "/outside?late=1": "page /about.html", "/captured?to=one": "unknown /404.html", "/proto": "unknown /404.html",
	} {
		assert.Equal(t, want, describe(exportVerdict(x, nil, http.MethodGet, target)), target)
	}
	assert.Equal(t, "redirect 307 /items", describe(exportVerdict(x, nil, http.MethodGet, "/about", "X-Go", "1")))
	assert.Equal(t, "unknown /404.html", describe(exportVerdict(x, nil, http.MethodGet, "/first", "Cookie", "seen=1")))
	for _, target := range []string{"/about", "/nowhere", "/items/one"} {
		assert.Equal(t, []nextbuild.Header{{Key: "X-Everywhere", Value: "yes"}}, exportVerdict(x, nil, http.MethodGet, target).Headers, target)
	}
}

// No text of a client makes a Location that leads to another site, or breaks the header.
func FuzzExportedLocation(f *testing.F) {
	x := NewExported(plainExport, nil)
	for _, seed := range []string{"/about/", "//evil.example/", `/\evil.example/..`, "/%2e%2e//evil.example/%2e%2e/about/", "/about/?\r\nX: y", "/.//.//evil.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		full, asWritten := spelling.CanonicalPath("/" + path)
		r := &http.Request{Method: http.MethodGet, Header: http.Header{}, URL: &url.URL{RawPath: full, RawQuery: path}}
		v := x.Verdict(r, Target{Full: full, AsWritten: asWritten}, "")
		if v.Status == 0 {
			return
		}
		require.Equal(t, byte('/'), v.Location[0])
		require.False(t, len(v.Location) > 1 && (v.Location[1] == '/' || v.Location[1] == '\\'), "%q", v.Location)
		for i := range len(v.Location) {
			require.True(t, v.Location[i] > ' ' && v.Location[i] < 0x7f, "%q", v.Location)
		}
	})
}
