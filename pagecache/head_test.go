package pagecache

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKept(t *testing.T) {
	h := fields(
		"Content-Type", rsc, "Vary", rscv, "Etag", `"x"`, "Date", "Sun, 22 Nov 2026 12:00:00 GMT", "Cache-Control", isr, "X-Nextjs-Stale-Time", "300",
		"X-Nextjs-Prerender", "1", "X-Nextjs-Prerender", "1", "X-Nextjs-Postponed", "2", "X-Nextjs-Deployment-Id", "d", "Location", "/b", "Link", "</f>; rel=preload",
	)
	want := h.Clone()
	for _, pair := range [][2]string{
		{"Connection", "close, X-Hop"},
		{"Connection", "x-other"},
		{"X-Hop", "1"},
		{"X-Other", "1"},
		{"Keep-Alive", "timeout=5"},
		{"Proxy-Authenticate", "Basic"},
		{"Te", "trailers"},
		{"Trailer", "X-Sum"},
		{"Transfer-Encoding", "chunked"},
		{"Upgrade", "h2c"},
		{"Set-Cookie", "a=b"},
		{"Set-Cookie2", "a=b"},
		{"Clear-Site-Data", "*"},
		{"Age", "1"},
		{"Alt-Svc", `h3=":443"`},
		{"Content-Length", "9"},
		{TagsHeader, "a"},
		{SaidHeader, isr},
		{http.TrailerPrefix + "X-Sum", "1"},
	} {
		h.Add(pair[0], pair[1])
	}
	h["set-cookie"] = []string{"a=b"} // net/http would send it all the same
	assert.Equal(t, want, Kept(h))
}

func TestRefreshed(t *testing.T) {
	kept := fields("Content-Type", html, "Etag", `"x"`, "X-Nextjs-Cache", "STALE", "X-Page", "a", "Vary", rscv+", Accept-Encoding", "Cache-Control", isr, "Date", "then")
	before := kept.Clone()
	answer := fields("Etag", `"x"`, "Vary", rscv, "Cache-Control", year, "Date", "now", "Set-Cookie", "a=b", "Content-Length", "0", "Content-Encoding", "gzip", "X-New", "b")
	assert.Equal(t, fields("Content-Type", html, "Etag", `"x"`, "X-Page", "a", "Vary", rscv, "Cache-Control", year, "Date", "now", "X-New", "b"), Refreshed(kept, answer))
	assert.Equal(t, before, kept)
	answer.Set("X-Nextjs-Cache", "STALE")
	assert.Equal(t, "STALE", Refreshed(kept, answer).Get("X-Nextjs-Cache"), "Next.js 14 and 16 say it with a 304 too")
	assert.Equal(t, fields("A", "b"), Refreshed(nil, fields("A", "b")))
}

// The decision on a 304 is that on the entry with its new head.
func TestAnEntryIsRenewed(t *testing.T) {
	r := asking("/a")
	entry := fields("Content-Type", html, "Etag", `"x"`, "X-Nextjs-Cache", "HIT", "Cache-Control", isr)
	assert.Equal(t, not(ReasonStatus), ForResponse(r, ofPage(r), 304, fields("Etag", `"x"`, "Cache-Control", isr)))
	renewed := ForResponse(r, ofPage(r), 200, Refreshed(entry, fields("Etag", `"x"`, "Cache-Control", "s-maxage=60", "X-Nextjs-Cache", "HIT")))
	assert.True(t, renewed.Store)
	assert.Equal(t, 60*second, renewed.Fresh)
	again := ForResponse(r, ofPage(r), 200, Refreshed(entry, fields("Etag", `"x"`, "Cache-Control", isr, "X-Nextjs-Cache", "STALE")))
	assert.Equal(t, ReasonStaleUpstream, again.Reason)
	assert.Zero(t, again.Fresh)
	closed := ForResponse(r, ofPage(r), 200, Refreshed(entry, fields("Etag", `"x"`, "Cache-Control", never)))
	assert.Equal(t, not(ReasonPrivate), closed)
}

func TestNotModified(t *testing.T) {
	const modified = "Sun, 22 Nov 2026 12:00:00 GMT"
	for _, c := range []struct {
		request []string
		entry   []string
		want    bool
	}{
		{[]string{"If-None-Match", `"x"`}, []string{"Etag", `"x"`}, true},
		{[]string{"If-None-Match", `W/"x"`}, []string{"Etag", `"x"`}, true},
		{[]string{"If-None-Match", `"x"`}, []string{"Etag", `W/"x"`}, true},
		{[]string{"If-None-Match", `"a", W/"x" , "b"`}, []string{"Etag", `W/"x"`}, true},
		{[]string{"If-None-Match", `"a"`, "If-None-Match", `"x"`}, []string{"Etag", `"x"`}, true},
		{[]string{"If-None-Match", `"a,b"`}, []string{"Etag", `"a,b"`}, true},
		{[]string{"If-None-Match", "*"}, nil, true},
		{[]string{"If-None-Match", `"y"`}, []string{"Etag", `"x"`}, false},
		{[]string{"If-None-Match", `"a,"x"`}, []string{"Etag", `"x"`}, false},
		{[]string{"If-None-Match", `x`}, []string{"Etag", `"x"`}, false},
		{[]string{"If-None-Match", `"x`}, []string{"Etag", `"x"`}, false},
		{[]string{"If-None-Match", `"x"`}, nil, false},
		{[]string{"If-None-Match", `""`}, []string{"Etag", `""`}, true},
		{[]string{"If-None-Match", ""}, []string{"Etag", ""}, false},
		{[]string{"If-Modified-Since", modified}, []string{"Last-Modified", modified}, true},
		{[]string{"If-Modified-Since", modified}, []string{"Last-Modified", "Sun, 22 Nov 2026 12:00:01 GMT"}, false},
		{[]string{"If-Modified-Since", modified}, nil, false},
		{[]string{"If-Modified-Since", "now"}, []string{"Last-Modified", modified}, false},
		// If-None-Match comes first.
		{[]string{"If-None-Match", `"y"`, "If-Modified-Since", modified}, []string{"Etag", `"x"`, "Last-Modified", modified}, false},
		{nil, []string{"Etag", `"x"`}, false},
	} {
		r, h := asking("/a", c.request...), fields(c.entry...)
		assert.Equal(t, c.want, NotModified(r, 200, h), "%q %q", c.request, c.entry)
		assert.False(t, NotModified(r, 404, h))
		r.Method = http.MethodPost
		assert.False(t, NotModified(r, 200, h))
	}
}

func TestStripBody(t *testing.T) {
	h := fields("Content-Type", html, "Content-Length", "9", "Content-Encoding", "br", "Etag", `"x"`, "Content-Security-Policy", "default-src 'self'", "Content-Location", "/a")
	StripBody(h)
	assert.Equal(t, fields("Etag", `"x"`, "Content-Security-Policy", "default-src 'self'", "Content-Location", "/a"), h)
}
