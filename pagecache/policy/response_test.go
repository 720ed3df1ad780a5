package policy

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Requests for the variants of one page.
var (
	asHTML     = []string{}
	asRSC      = []string{"RSC", "1", "Next-Router-State-Tree", "%5B%5D"}
	asPrefetch = []string{"RSC", "1", "Next-Router-Prefetch", "1"}
	asSegment  = []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
)

// answered is a kind of answer of Next.js and what becomes of it.
type answered struct {
	kind    string
	request []string
	status  int
	header  http.Header
	want    Decision
}

func kept(fresh, while time.Duration) Decision {
	return Decision{Store: true, Fresh: fresh, StaleWhile: while, StaleIfError: 10 * time.Minute, Tags: []string{"t"}}
}

// had is a page that Next.js had: the edge does not know how much of its time was over.
func had(fresh, while time.Duration) Decision {
	d := kept(fresh, while)
	d.Unsure = true
	return d
}

// outdated is a page whose time was over, and that may be stale for some time.
func outdated(failing time.Duration) Decision {
	d := kept(0, WhileRemade)
	d.StaleIfError = failing
	d.Reason, d.Outdated, d.Remade = ReasonStaleUpstream, true, 5*second
	return d
}

func not(reason Reason) Decision { return Decision{Reason: reason} }

const aYear = 31536000 * second

// The kinds of pages of docs/caching.md as Next.js 14.2, 15.5 and 16.4 answer them.
var kinds = []answered{
	{"static", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "X-Nextjs-Prerender", "1", "X-Nextjs-Prerender", "1", "Content-Type", html, "Vary", rscv), kept(aYear, 0)},
	{"static, of 14", asHTML, 200, fields("Cache-Control", year+", stale-while-revalidate", "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", "RSC, Next-Router-State-Tree, Next-Router-Prefetch, Accept-Encoding"), kept(aYear, aYear)},
	{"revalidated", asHTML, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), had(5*second, 31535990*second)},
	{"revalidated, made now", asHTML, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "MISS", "Content-Type", html, "Vary", rscv), kept(5*second, 31535995*second)},
	{"revalidated on demand", asHTML, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "REVALIDATED", "Content-Type", html, "Vary", rscv), kept(5*second, 31535995*second)},
	{"expireTime", asHTML, 200, fields("Cache-Control", "s-maxage=60", "X-Nextjs-Cache", "HIT", "Content-Type", html), had(WhileRemade, 0)},
	{"cacheLife", asHTML, 200, fields("Cache-Control", "s-maxage=3600, stale-while-revalidate=82800", "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), had(3600*second, 79200*second)},
	{"renewal that failed", asHTML, 200, fields("Cache-Control", "s-maxage=3, stale-while-revalidate=31535997", "X-Nextjs-Cache", "HIT", "Content-Type", html), had(3*second, 31535994*second)},
	{"outdated", asHTML, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "STALE", "Content-Type", html, "Vary", rscv), outdated(31535995 * second)},
	{"outdated payload, of 14", asRSC, 200, fields("Cache-Control", "s-maxage=5, stale-while-revalidate", "X-Nextjs-Cache", "STALE", "Content-Type", rsc), outdated(staleForEver)},
	{"dynamic", asHTML, 200, fields("Cache-Control", never, "Content-Type", html, "Vary", rscv), not(ReasonPrivate)},
	{"partially prerendered", asHTML, 200, fields("Cache-Control", never, "X-Nextjs-Postponed", "1", "X-Nextjs-Prerender", "1", "Content-Type", html, "Vary", rscv), not(ReasonPrivate)},
	{"partially prerendered, navigation", asRSC, 200, fields("Cache-Control", never, "Content-Type", rsc, "Vary", rscv), not(ReasonPrivate)},
	{"partially prerendered, prefetch", asPrefetch, 200, fields("Cache-Control", "s-maxage=900, stale-while-revalidate=60", "X-Nextjs-Postponed", "1", "Content-Type", rsc, "Vary", rscv), kept(900*second, 60*second)},
	{"partially prerendered, segment", asSegment, 200, fields("Cache-Control", "s-maxage=900, stale-while-revalidate=60", "X-Nextjs-Postponed", "2", "Content-Type", rsc, "Vary", rscv), kept(900*second, 60*second)},
	{"fallback shell, prefetch", asPrefetch, 404, fields("Vary", rscv, "Content-Type", rsc), not(ReasonStatus)},
	{"fallback shell, prefetch", asPrefetch, 200, fields("Vary", rscv, "Content-Type", rsc, "X-Nextjs-Postponed", "1"), not(ReasonNoFreshness)},
	{"segment", asSegment, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "X-Nextjs-Postponed", "2", "Content-Type", rsc, "Vary", rscv), kept(aYear, 0)},
	{"segment, unknown", asSegment, 404, fields("Cache-Control", year, "X-Nextjs-Postponed", "2", "Content-Type", rsc, "Vary", rscv), not(ReasonStatus)},
	{"payload", asRSC, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "HIT", "X-Nextjs-Deployment-Id", "dpl-1", "Content-Type", rsc, "Vary", rscv), had(5*second, 31535990*second)},
	{"payload, dynamic", asRSC, 200, fields("Cache-Control", never, "Content-Type", rsc, "Vary", rscv), not(ReasonPrivate)},
	{"notFound, revalidated", asHTML, 404, fields("Cache-Control", "s-maxage=60, stale-while-revalidate=31535940", "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), had(60*second, 31535880*second)},
	{"notFound, static", asHTML, 404, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), kept(aYear, 0)},
	{"notFound, payload", asRSC, 404, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", rsc, "Vary", rscv), kept(aYear, 0)},
	{"redirect, static", asHTML, 307, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Location", "/b", "Content-Type", html, "Vary", rscv), kept(aYear, 0)},
	{"redirect, static, permanent", asHTML, 308, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Location", "/b", "Content-Type", html, "Vary", rscv), kept(aYear, 0)},
	{"redirect, static, payload", asRSC, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Location", "/b", "Content-Type", rsc, "Vary", rscv), kept(aYear, 0)},
	{"redirect, static, payload, of 14", asRSC, 307, fields("Cache-Control", year+", stale-while-revalidate", "X-Nextjs-Cache", "HIT", "Content-Type", rsc), not(ReasonStatus)},
	{"unknown path", asHTML, 404, fields("Cache-Control", never, "X-Nextjs-Cache", "HIT", "X-Nextjs-Prerender", "1", "Content-Type", html, "Vary", rscv), not(ReasonStatus)},
	{"throw", asHTML, 500, fields("Cache-Control", never, "Content-Type", html), not(ReasonStatus)},
	{"dynamic redirect", asHTML, 307, fields("Cache-Control", never, "Location", "/b"), not(ReasonStatus)},
	{"dynamic redirect, payload", asRSC, 200, fields("Cache-Control", never, "Location", "/b", "Content-Type", rsc), not(ReasonPrivate)},
	{"draft", asHTML, 200, fields("Cache-Control", never, "X-Nextjs-Cache", "HIT", "X-Nextjs-Prerender", "1", "Content-Type", html), not(ReasonPrivate)},
	{"route handler, dynamic", asHTML, 200, fields("Vary", rscv, "Content-Type", typeJSON), not(ReasonNoFreshness)},
	{"route handler, static", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", typeJSON, "Vary", rscv), kept(aYear, 0)},
	{"route handler, static, as a payload", asRSC, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", typeJSON, "Vary", rscv), not(ReasonType)},
	{"route handler, marked", asHTML, 200, fields("Cache-Control", "public, s-maxage=60, stale-while-revalidate=30", "Content-Type", "text/plain", "Vary", rscv), kept(60*second, 30*second)},
	{"route handler, marked, cookie", asHTML, 200, fields("Cache-Control", "public, s-maxage=60", "Set-Cookie", "a=b", "Content-Type", "text/plain", "Vary", rscv), not(ReasonSetCookie)},
	{"metadata", asHTML, 200, fields("Cache-Control", "public, max-age=0, must-revalidate", "X-Nextjs-Cache", "HIT", "Content-Type", "text/plain", "Vary", rscv), not(ReasonNoFreshness)},
	{"edge runtime", asHTML, 200, fields("X-Edge-Runtime", "1", "Content-Type", html, "Vary", rscv), not(ReasonNoFreshness)},
	{"pages, without data", asHTML, 200, fields("Etag", `"x"`, "Content-Type", html), not(ReasonNoFreshness)},
	{"pages, getStaticProps", asHTML, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", "Accept-Encoding"), had(5*second, 31535990*second)},
	{"pages, getServerSideProps", asHTML, 200, fields("Cache-Control", never, "Etag", `"x"`, "Content-Type", html), not(ReasonPrivate)},
	{"pages, getServerSideProps, marked", asHTML, 200, fields("Cache-Control", "public, s-maxage=10, stale-while-revalidate=59", "Content-Type", html), kept(10*second, 59*second)},
	{"pages, first of fallback", asHTML, 200, fields("Cache-Control", never, "X-Nextjs-Cache", "MISS", "Content-Type", html), not(ReasonPrivate)},
	{"pages, notFound", asHTML, 404, fields("Cache-Control", year, "Content-Type", html), kept(aYear, 0)},
	{"pages, 404", asHTML, 404, fields("Cache-Control", never, "Etag", `"x"`, "Content-Type", html), not(ReasonStatus)},
	{"middleware, JSON", asHTML, 200, fields("Content-Type", typeJSON), not(ReasonType)},
	{"middleware, redirect", asHTML, 307, fields("Location", "/b"), not(ReasonStatus)},
	{"rule, redirect", asHTML, 308, fields("Location", "/b", "Refresh", "0;url=/b"), not(ReasonStatus)},
	{"headers() of the application", asHTML, 200, fields("Cache-Control", "public, max-age=7", "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), kept(7*second, 0)},
}

// The ten traps, and what is never kept.
var traps = []answered{
	{"Set-Cookie beside s-maxage", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Set-Cookie", "a=b", "Content-Type", html), not(ReasonSetCookie)},
	{"cookies of a browser are dropped", asHTML, 200, fields("Cache-Control", year, "Clear-Site-Data", `"cookies"`, "Content-Type", html), not(ReasonSetCookie)},
	{"RSC of a page under its plain URL", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", rsc, "Vary", rscv), not(ReasonType)},
	{"page in place of a payload", asRSC, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv), not(ReasonType)},
	{"props in place of a page", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", typeJSON), not(ReasonType)},
	{"two types", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, "Content-Type", rsc), not(ReasonType)},
	{"no type", asHTML, 200, fields("Cache-Control", year), not(ReasonType)},
	{"redirect to the right _rsc", asRSC, 307, fields("Location", "/a?_rsc=x"), not(ReasonStatus)},
	{"redirect to the right _rsc, marked by headers()", asRSC, 307, fields("Location", "/a?_rsc=x", "Cache-Control", year), not(ReasonStatus)},
	{"payload marked by headers(), made for a state tree", asRSC, 200, fields("Cache-Control", "public, s-maxage=60", "Content-Type", rsc, "Vary", rscv), not(ReasonStateTree)},
	{"payload whose rest is made later", asRSC, 200, fields("Cache-Control", "public, s-maxage=60", "X-Nextjs-Postponed", "1", "Content-Type", rsc, "Vary", rscv), not(ReasonStateTree)},
	{"204", asHTML, 204, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT"), not(ReasonStatus)},
	{"205", asHTML, 205, fields("Cache-Control", year), not(ReasonStatus)},
	{"206", asHTML, 206, fields("Cache-Control", year, "Content-Type", html, "Content-Range", "bytes 0-1/9"), not(ReasonStatus)},
	{"304", asHTML, 304, fields("Cache-Control", year, "Etag", `"x"`), not(ReasonStatus)},
	{"405", asHTML, 405, fields("Cache-Control", year), not(ReasonStatus)},
	{"500", asHTML, 500, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html), not(ReasonStatus)},
	{"503", asHTML, 503, fields("Cache-Control", "public, max-age=60", "Content-Type", html), not(ReasonStatus)},
	{"103", asHTML, 103, fields("Cache-Control", year), not(ReasonStatus)},
	{"404 without s-maxage", asHTML, 404, fields("Cache-Control", "public, max-age=60", "Content-Type", html), not(ReasonStatus)},
	{"308 without s-maxage", asHTML, 308, fields("Cache-Control", "public, max-age=60", "Location", "/b"), not(ReasonStatus)},
	{"empty page", asHTML, 200, fields("Cache-Control", year, "Content-Length", "0", "Content-Type", html), not(ReasonEmpty)},
	{"private beside s-maxage", asHTML, 200, fields("Cache-Control", "s-maxage=60, Private", "Content-Type", html), not(ReasonPrivate)},
	{"no-store in a line of its own", asHTML, 200, fields("Cache-Control", year, "Cache-Control", "no-store", "Content-Type", html), not(ReasonPrivate)},
	{"no-cache for a field", asHTML, 200, fields("Cache-Control", `no-cache="set-cookie", s-maxage=60`, "Content-Type", html), not(ReasonPrivate)},
	{"no-store in quotes that do not end", asHTML, 200, fields("Cache-Control", `s-maxage=60, x="a, no-store`, "Content-Type", html), not(ReasonPrivate)},
	{"no-store for CDNs", asHTML, 200, fields("Cache-Control", year, "CDN-Cache-Control", "no-store", "Content-Type", html), not(ReasonPrivate)},
	{"private for one CDN", asHTML, 200, fields("Cache-Control", year, "Vercel-CDN-Cache-Control", "private", "Content-Type", html), not(ReasonPrivate)},
	{"no-store for surrogates", asHTML, 200, fields("Cache-Control", year, "Surrogate-Control", "no-store", "Content-Type", html), not(ReasonPrivate)},
	{"Pragma alone", asHTML, 200, fields("Pragma", "no-cache", "Expires", "Sun, 22 Nov 2026 13:00:00 GMT", "Content-Type", html), not(ReasonPrivate)},
	{"events", asHTML, 200, fields("Cache-Control", year, "Content-Type", "text/event-stream; charset=utf-8"), not(ReasonStream)},
	{"compressed", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, "Content-Encoding", "gzip", "Vary", "Accept-Encoding"), not(ReasonCoding)},
	{"shell", asHTML, 200, fields("Cache-Control", year, "X-Nextjs-Postponed", "1", "Content-Type", html, "Vary", rscv), not(ReasonPostponed)},
	{"trailers", asHTML, 200, fields("Cache-Control", year, "Trailer", "X-Sum", "Content-Type", html), not(ReasonTrailers)},
	{"other deployment", asRSC, 200, fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "X-Nextjs-Deployment-Id", "dpl-2", "Content-Type", rsc, "Vary", rscv), not(ReasonDeployment)},
	{"Vary: *", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, "Vary", "*"), not(ReasonVary)},
	{"Vary: Cookie", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, "Vary", rscv, "Vary", "Cookie"), not(ReasonVary)},
	{"Vary: Accept-Language", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, "Vary", "rsc,Accept-Language"), not(ReasonVary)},
	{"too many tags", asHTML, 200, fields("Cache-Control", year, "Content-Type", html, TagsHeader, string(make([]byte, maxTag+1))), not(ReasonTags)},
	{"nothing said", asHTML, 200, fields("Content-Type", html, "Last-Modified", "Sun, 22 Nov 2020 12:00:00 GMT"), not(ReasonNoFreshness)},
	{"nothing said but public", asHTML, 200, fields("Cache-Control", "public", "Content-Type", html), not(ReasonNoFreshness)},
	{"nothing but a stale window", asHTML, 200, fields("Cache-Control", "public, stale-if-error=60", "Content-Type", html), not(ReasonNoFreshness)},
	{"its time was over", asHTML, 200, fields("Cache-Control", "s-maxage=60", "Age", "60", "Content-Type", html), not(ReasonExpired)},
	{"outdated and nothing said", asHTML, 200, fields("X-Nextjs-Cache", "STALE", "Content-Type", html), not(ReasonNoFreshness)},
	{"stale window and nothing said", asHTML, 200, fields("Cache-Control", "public, stale-while-revalidate=60", "Content-Type", html), not(ReasonNoFreshness)},
	{"outdated and for browsers only", asHTML, 200, fields("Cache-Control", "public, max-age=0, must-revalidate", "X-Nextjs-Cache", "STALE", "Content-Type", html), not(ReasonStaleUpstream)},
}

func TestForResponse(t *testing.T) {
	for _, list := range [][]answered{kinds, traps} {
		for _, c := range list {
			r := asking("/a", c.request...)
			f := ofPage(r)
			f.Tags, f.StaleIfError = []string{"t"}, 10*time.Minute
			f.Said = &Said{Tags: c.header[TagsHeader]}
			assert.Equal(t, c.want, ForResponse(r, f, c.status, c.header), "%s: %d %q", c.kind, c.status, c.header)
		}
	}
}

func TestDataOfThePagesRouter(t *testing.T) {
	r := asking("/_next/data/build/a.json", "X-Nextjs-Data", "1")
	f := ofPage(r)
	assert.True(t, ForResponse(r, f, 200, fields("Cache-Control", isr, "X-Nextjs-Cache", "HIT", "Content-Type", typeJSON, "Etag", `"x"`)).Store)
	// Of a page without data, and of the App Router, Next.js answers with the page, marked as everybody's.
	assert.Equal(t, not(ReasonType), ForResponse(r, f, 200, fields("Cache-Control", year, "X-Nextjs-Matched-Path", "/a", "Content-Type", html)))
	assert.Equal(t, not(ReasonPrivate), ForResponse(r, f, 200, fields("Cache-Control", never, "X-Middleware-Skip", "1", "Content-Type", typeJSON)))
	f.Variant = VariantHTML // Data says it too
	assert.Equal(t, not(ReasonType), ForResponse(r, f, 200, fields("Cache-Control", year, "Content-Type", html)))
}

func TestRequestsWhoseAnswersAreNotKept(t *testing.T) {
	answer := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html)
	head := asking("/a")
	head.Method = http.MethodHead
	for reason, r := range map[Reason]*http.Request{
		ReasonMethod:       head,
		ReasonRequestStore: asking("/a", "Cache-Control", "no-store"),
	} {
		assert.Equal(t, Reason(""), ForRequest(r, ofPage(r)), "an entry answers it")
		assert.Equal(t, not(reason), ForResponse(r, ofPage(r), 200, answer))
	}
	again := asking("/a", "If-None-Match", `"x"`, "Cache-Control", "no-cache")
	assert.True(t, ForResponse(again, ofPage(again), 200, answer).Store)
}

func TestLanguagesWithoutABuild(t *testing.T) {
	pages := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html)
	app := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html, "Vary", rscv)
	root, other := asking("/"), asking("/a")
	assert.Equal(t, not(ReasonLocale), ForResponse(root, factsOf(root, ClassUnknown), 200, pages))
	assert.True(t, ForResponse(root, factsOf(root, ClassUnknown), 200, app).Store)
	assert.True(t, ForResponse(other, factsOf(other, ClassUnknown), 200, pages).Store)
	assert.True(t, ForResponse(root, ofPage(root), 200, pages).Store, "the build's verdict has said that there are none")
}

func TestRedirectsOfRulesCarryTheQuery(t *testing.T) {
	rule := fields("Cache-Control", year, "Location", "/b?utm_source=x")
	own := fields("Cache-Control", year, "Location", "/b", "X-Nextjs-Cache", "HIT", "Content-Type", html)
	with, without := asking("/a?utm_source=x"), asking("/a")
	assert.Equal(t, not(ReasonStatus), ForResponse(with, ofPage(with), 308, rule))
	assert.True(t, ForResponse(with, ofPage(with), 308, own).Store)
	assert.True(t, ForResponse(without, ofPage(without), 308, rule).Store)
}

func TestInterceptingRoutes(t *testing.T) {
	r := asking("/a", append([]string{"Next-Url", "/b"}, asRSC...)...)
	answer := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", rsc, "Vary", rscv+", Next-Url, Accept-Encoding")
	assert.True(t, ForResponse(r, ofPage(r), 200, answer).Interceptable)
	answer.Set("Vary", rscv)
	assert.False(t, ForResponse(r, ofPage(r), 200, answer).Interceptable)
}

func TestTagsOfAnAnswer(t *testing.T) {
	r := asking("/a")
	f := ofPage(r)
	answer := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "Content-Type", html)
	assert.Nil(t, ForResponse(r, f, 200, answer).Tags)
	f.Tags = []string{"of the build"}
	assert.Equal(t, []string{"of the build"}, ForResponse(r, f, 200, answer).Tags)
	f.Said = &Said{Tags: []string{"_N_T_/layout, _N_T_/a ,a,,a", "b"}}
	assert.Equal(t, []string{"_N_T_/layout", "_N_T_/a", "a", "b"}, ForResponse(r, f, 200, answer).Tags)
	f.Said.Tags = []string{""}
	assert.Equal(t, []string{}, ForResponse(r, f, 200, answer).Tags)

	segment := asking("/a", asSegment...)
	f = ofPage(segment)
	answer = fields("Cache-Control", year, "X-Nextjs-Postponed", "2", "Content-Type", rsc, "Vary", rscv)
	d := ForResponse(segment, f, 200, answer)
	assert.True(t, d.Store)
	assert.Nil(t, d.Tags, "its page may know them")
}

func TestDeploymentsThatAreNotKnown(t *testing.T) {
	r := asking("/a", asRSC...)
	f := ofPage(r)
	f.Deployment = ""
	answer := fields("Cache-Control", year, "X-Nextjs-Cache", "HIT", "X-Nextjs-Deployment-Id", "dpl-2", "Content-Type", rsc, "Vary", rscv)
	assert.True(t, ForResponse(r, f, 200, answer).Store)
}
