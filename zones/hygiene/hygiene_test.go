package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestCleanRequestRemovesWhatAClientMustNotSay(t *testing.T) {
	for _, name := range []string{
		"x-middleware-subrequest", "x-middleware-subrequest-id", "x-middleware-next", "x-middleware-request-cookie",
		"x-middleware-prefetch", "x-nextjs-data", "x-nextjs-cache", "x-nextjs-request-id", "x-invoke-path", "x-invoke-query",
		"x-next-cache-tags", "x-next-revalidated-tags", "x-next-revalidate-tag-token", "x-next-resume-state-length", "next-resume",
		"x-prerender-revalidate", "x-prerender-revalidate-if-generated", "x-prerender-bypass-mode", "x-matched-path",
		"x-now-route-matches", "x-vercel-id", "x-vercel-ip-country", "x-rewrite-url", "x-original-url", "x-http-method-override",
		"x-forwarded-port", "forwarded", "x-real-ip",
	} {
		r := request("GET /", name+": 1", "Accept: text/html", "X-Requested-With: fetch")
		CleanRequest(r, zones.KindDocument, false)
		assert.Equal(t, http.Header{"Accept": {"text/html"}, "X-Requested-With": {"fetch"}}, r.Header, name)
	}
}

func TestCleanRequestKeepsWhatClientsOfNextJSSay(t *testing.T) {
	for _, c := range []struct {
		kind    zones.Kind
		trusted bool
		headers []string
	}{
		{zones.KindRSC, false, []string{"RSC: 1", "Next-Router-State-Tree: %5B%5D", "Next-Url: /a", "X-Deployment-Id: d1"}},
		{zones.KindSegment, false, []string{"RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"}},
		{zones.KindAction, false, []string{"Next-Action: 40ab", "Next-Router-State-Tree: %5B%5D", "Accept: text/x-component"}},
		{zones.KindData, false, []string{"X-Nextjs-Data: 1", "X-Middleware-Prefetch: 1", "Purpose: prefetch"}},
		{zones.KindDocument, false, []string{"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.example"}},
		{zones.KindDocument, true, []string{"X-Vercel-Ip-Country: DE"}},
		{zones.KindDev, false, []string{"Next-Hmr-Refresh: 1"}},
		{zones.KindDocument, false, []string{"From: a@b.example", "Xylophone: 1", "Next: 1"}},
	} {
		r := request("GET /", c.headers...)
		want := r.Header.Clone()
		CleanRequest(r, c.kind, c.trusted)
		assert.Equal(t, want, r.Header)
	}
}

func TestCleanRequestKeepsRouterHeadersOnlyWhereTheyMeanSomething(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    http.Header
	}{
		{[]string{"RSC: true"}, http.Header{}},
		{[]string{"RSC: 1", "RSC: 1", "Next-Url: /"}, http.Header{}},
		{[]string{"RSC: 1", "Next-Url: /", "Next-Url: /b"}, http.Header{"Rsc": {"1"}}},
		{[]string{"RSC: ", "Next-Router-Prefetch: 1"}, http.Header{}},
		{[]string{"Next-Router-Prefetch: 1", "Next-Router-State-Tree: x", "Next-Url: /"}, http.Header{}},
		{[]string{"RSC: 1", "Next-Router-Prefetch: 9"}, http.Header{"Rsc": {"1"}}},
		{[]string{"RSC: 1", "Next-Url: https://evil.example/"}, http.Header{"Rsc": {"1"}}},
		{[]string{"RSC: 1", "Next-Router-Segment-Prefetch: x"}, http.Header{"Rsc": {"1"}}},
	} {
		r := request("GET /", c.headers...)
		CleanRequest(r, zones.KindDocument, false)
		assert.Equal(t, c.want, r.Header, "%v", c.headers)
	}
}

func TestCleanRequestRemovesInternalQueries(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"", ""},
		{"a=1&b=2", "a=1&b=2"},
		{"a=%2F&b=%zz&c", "a=%2F&b=%zz&c"},
		{"nxtPslug=x", ""},
		{"a=1&nxtPslug=x&b=2", "a=1&b=2"},
		{"nxtIx=1&__nextDataReq=1&__nextLocale=de&q=nxtP", "q=nxtP"},
		{"%6ExtPslug=x&a", "a"},
		{"%5F_nextDataReq=1", ""},
		{"next=1&xnxtP=1&nxt=1", "next=1&xnxtP=1&nxt=1"},
		{"&&a=+&", "&&a=+&"},
	} {
		r := request("GET /")
		r.URL.RawQuery = c.query
		CleanRequest(r, zones.KindDocument, false)
		assert.Equal(t, c.want, r.URL.RawQuery, c.query)
	}
}

func TestCleanResponse(t *testing.T) {
	h := http.Header{}
	for _, name := range []string{"X-Middleware-Rewrite", "X-Middleware-Set-Cookie", "X-Next-Cache-Tags"} {
		h.Set(name, "1")
	}
	h.Set("X-Powered-By", "Next.js")
	kept := http.Header{"X-Nextjs-Cache": {"HIT"}, "X-Nextjs-Rewritten-Path": {"/a"}, "X-Nextjs-Matched-Path": {"/b"}, "Vary": {"rsc"}}
	for name, values := range kept {
		h[name] = values
	}
	CleanResponse(h)
	assert.Equal(t, kept, h)
	h = http.Header{"X-Powered-By": {"Express"}}
	CleanResponse(h)
	assert.Equal(t, "Express", h.Get("X-Powered-By"), "what an application says of itself is its own")
}

func FuzzCleanRequest(f *testing.F) {
	f.Add("X-Middleware-Subrequest", "1", "a=1&nxtPx=2", byte(0))
	f.Add("Rsc", "1", "%6ExtP", byte(4))
	f.Fuzz(func(t *testing.T, name, value, query string, kind byte) {
		r := request("GET /", "A: b")
		if name == "" {
			return
		}
		r.Header.Add(name, value)
		r.URL.RawQuery = query
		CleanRequest(r, zones.Kind(int(kind)%zones.Kinds), false)
		if asked := zones.KindOf(r, zones.Match{Path: "/", Target: rules.Target{AsWritten: true}}); asked != zones.KindUpgrade {
			assert.Equal(t, asked == zones.KindRSC || asked == zones.KindPrefetch || asked == zones.KindSegment, zones.IsRSC(r.Header))
		}
		once, onceQuery := r.Header.Clone(), r.URL.RawQuery
		CleanRequest(r, zones.Kind(int(kind)%zones.Kinds), false)
		assert.Equal(t, once, r.Header)
		assert.Equal(t, onceQuery, r.URL.RawQuery)
		assert.Empty(t, r.Header["X-Middleware-Subrequest"])
	})
}

// What the edge calls a request and what it passes on must agree, whatever a client makes of the headers.
func TestCleaningDoesNotChangeWhatARequestIs(t *testing.T) {
	values := map[string][]string{
		"RSC": {"", "1", "true", "1,1"}, "Next-Router-Prefetch": {"", "1", "9"}, "Next-Router-Segment-Prefetch": {"", "/_tree", "x"},
	}
	m := zones.Match{Path: "/about", Target: rules.Target{AsWritten: true}}
	for _, rsc := range values["RSC"] {
		for _, prefetch := range values["Next-Router-Prefetch"] {
			for _, segment := range values["Next-Router-Segment-Prefetch"] {
				for times := range 3 {
					r := request("GET /about")
					for range times {
						r.Header.Add("RSC", rsc)
					}
					r.Header.Add("Next-Router-Prefetch", prefetch)
					r.Header.Add("Next-Router-Segment-Prefetch", segment)
					before := zones.KindOf(r, m)
					CleanRequest(r, before, false)
					assert.Equal(t, before, zones.KindOf(r, m), "RSC %q x%d, prefetch %q, segment %q", rsc, times, prefetch, segment)
				}
			}
		}
	}
}
