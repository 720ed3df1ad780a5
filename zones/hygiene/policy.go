package hygiene

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Answer is what the cache policy looks at: an upstream's answer, and what is known of its request.
type Answer struct {
	Method string
	Kind   zones.Kind
	// Verdict is what the zone's build says of the request; nil: nothing.
	Verdict *rules.Verdict
	// Repaired: RepairRSC has changed the request's URL.
	Repaired bool
	// Dev: the zone is served by `next dev`.
	Dev bool
	// Shared404 is how long shared caches are told to keep a 404 that Next.js has prerendered; 0: as long as Next.js
	// says.
	Shared404 time.Duration

	Status int
	Header http.Header
}

// Values of Cache-Control. The first two are Next.js's own.
const (
	// keepNothing is for what is made for one request (base-server.js).
	keepNothing = "private, no-cache, no-store, max-age=0, must-revalidate"
	// keepNoAction is for server actions (action-handler.js).
	keepNoAction = "no-cache, no-store, max-age=0, must-revalidate"
	// keepNoRepaired is for an answer that the URL which the client has asked for does not tell from another: of a URL
	// that was repaired, and of a deployment that is not the live one.
	keepNoRepaired = "private, no-store"
	// keepNoError is the least that keeps an answer out of every cache.
	keepNoError = "no-store"
	// keepAndAsk lets everybody keep an answer that nobody may use without asking.
	keepAndAsk = "public, max-age=0, must-revalidate"
)

// cacheRow is a class of answers and what becomes of its Cache-Control.
type cacheRow struct {
	class string
	is    func(cacheCase) bool
	// says returns the new Cache-Control; nil: as the upstream sent it.
	says func(cacheCase) string
	// unshared: no shared cache may keep it, whatever another field says to it.
	unshared bool
}

// cacheCase is an answer and what its Cache-Control says.
type cacheCase struct {
	Answer
	directives
}

// cachePolicy says who may keep what upstreams answer with; the first class that fits decides (docs/caching.md).
// Nothing becomes more cacheable by it than Next.js has marked it. "Measured" is: with Next.js 14.2, 15.5 and 16.4.
var cachePolicy = []cacheRow{
	{class: "next dev, upgrade", is: func(c cacheCase) bool { return c.Dev || c.Status == http.StatusSwitchingProtocols }},
	// A cache that ignores Vary would take the payload for the page: the parameter that protects from that was missing.
	{class: "repaired", is: func(c cacheCase) bool { return c.Repaired }, says: always(keepNoRepaired), unshared: true},
	// An action that redirects answers with the Cache-Control of the page it leads to (measured).
	{class: "action", is: cacheCase.isLastingWrite, says: always(keepNoAction), unshared: true},
	// No cache keeps another method without being told to (RFC 9110, 9.2.3).
	{class: "write", is: func(c cacheCase) bool { return !c.isRead() }},
	// A page to which middleware, or the end of a draft mode, adds a cookie is still marked as everybody's (measured).
	// The word of an application to its browsers stays.
	{class: "cookie", is: cacheCase.sharesCookie, says: cacheCase.forOneBrowser, unshared: true},
	// headers() and applications mark a path, not what becomes of it.
	{class: "server error", is: func(c cacheCase) bool { return c.Status >= 500 && c.isShared() }, says: always(keepNoError), unshared: true},
	// CVE-2025-49826: a 204 that was kept in place of a page.
	{class: "empty", is: func(c cacheCase) bool {
		return (c.Status == http.StatusNoContent || c.Status == http.StatusResetContent) && c.isNextMark()
	}, says: always(keepNoError), unshared: true},
	// The name of a file of a build is for ever, its absence is not. What these versions answer is right by itself
	// (measured).
	{class: "no file", is: cacheCase.isLastingNoFile, says: always(keepNothing), unshared: true},
	// What the language of a visitor decides is marked as everybody's, without Vary: Accept-Language (measured).
	{class: "language", is: func(c cacheCase) bool { return c.choosesLanguage() && c.any(dirSMaxAge) && c.isShared() }, says: always(keepNothing), unshared: true},
	// Next.js marks what has outlived its time as if it were new (measured); the next answer is.
	{class: "stale", is: func(c cacheCase) bool {
		return httpheader.First(c.Header, "X-Nextjs-Cache") == "STALE" && c.any(dirSMaxAge) && c.isShared() && !c.any(dirQualified)
	}, says: always(keepAndAsk)},
	// A page that comes to be, or is published later, would be missing for as long.
	{class: "not found", is: cacheCase.outlivesShared404, says: cacheCase.forShared404},
	// s-maxage alone leaves browsers to guess, and those that know stale-while-revalidate would show the page of
	// yesterday.
	{class: "page", is: func(c cacheCase) bool { return c.isNextMark() && c.isNextMade() }, says: cacheCase.forSharedCaches},
	// Without a word of the upstream caches may guess (RFC 9111, 4.2.2), and many are told to keep what says nothing.
	{class: "unmarked", is: func(c cacheCase) bool { return c.has == 0 && c.mustNotBeGuessed() }, says: always(keepNoError)},
}

// asItIs is everything else: what is made for one request, files, pictures, and whatever an application has marked
// itself.
var asItIs = cacheRow{class: "as it is"}

// ApplyCachePolicy sets the Cache-Control of an answer. Where shared caches may not keep it, fields that only some of
// them read are removed: they come before Cache-Control there (RFC 9213). A 404 that may be kept for longer than
// Shared404 loses its ETag: Next.js would answer 304 when it is asked by that, which does not say that it is of a 404.
// shortened reports whether it was such a 404.
func ApplyCachePolicy(a Answer) (shortened bool) {
	row, c := policyOf(a)
	if shortened = c.outlivesShared404(); shortened {
		delete(a.Header, "Etag")
	}
	if row.unshared || len(a.Header["Set-Cookie"]) > 0 && (row.says != nil || row == &asItIs) {
		dropTargeted(a.Header)
	}
	if row.says != nil {
		a.Header["Cache-Control"] = []string{row.says(c)}
	}
	return shortened
}

func policyOf(a Answer) (*cacheRow, cacheCase) {
	c := cacheCase{a, readDirectives(a.Header["Cache-Control"])}
	for i := range cachePolicy {
		if cachePolicy[i].is(c) {
			return &cachePolicy[i], c
		}
	}
	return &asItIs, c
}

// always says a value. What forbids to change the body stays: it is no word about caches.
func always(value string) func(cacheCase) string {
	return func(c cacheCase) string {
		if c.any(dirNoTransform) {
			return value + ", no-transform"
		}
		return value
	}
}

func (c cacheCase) isRead() bool { return c.Method == http.MethodGet || c.Method == http.MethodHead }

// isShared reports whether the answer is not kept from shared caches.
func (c cacheCase) isShared() bool { return !c.any(dirPrivate | dirNoStore) }

// isLasting reports whether somebody may use the answer again without asking, by the word of the upstream.
func (c cacheCase) isLasting() bool {
	return !c.any(dirNoStore) && (c.any(dirPublic|dirSMaxAge|dirLasting) || len(c.Header["Expires"]) > 0)
}

func (c cacheCase) isLastingWrite() bool { return !c.isRead() && c.isLasting() }

func (c cacheCase) isLastingNoFile() bool {
	switch c.Status {
	case http.StatusOK, http.StatusPartialContent, http.StatusNotModified:
		return false
	}
	return c.Kind == zones.KindStatic && c.isShared() && c.isLasting()
}

// sharesCookie: a shared cache that may store an answer would give its cookie to others, also after it has asked
// whether the answer is still good. What says nothing is decided further down.
func (c cacheCase) sharesCookie() bool {
	return len(c.Header["Set-Cookie"]) > 0 && c.has != 0 && c.isShared()
}

func (c cacheCase) forOneBrowser() string {
	if c.isNextMark() {
		return keepNothing
	}
	return withoutSharing(c.Header["Cache-Control"], c.directives)
}

// choosesLanguage reports whether Next.js answers the path by what the visitor's browser prefers.
func (c cacheCase) choosesLanguage() bool { return c.Verdict != nil && c.Verdict.ByLanguage }

// isNextMark reports whether the Cache-Control is one that Next.js writes itself for what it has prerendered
// (lib/cache-control.js, before 15 lib/revalidate.js): s-maxage, and stale-while-revalidate in most versions.
func (c cacheCase) isNextMark() bool {
	return c.sMaxAge != "" && c.only(dirSMaxAge|dirStaleWhileRevalidate)
}

// isNextMade reports whether Next.js has made the answer: a page, a payload, data, or what it has prerendered. A route
// handler that writes the same Cache-Control by itself has none of the signs.
func (c cacheCase) isNextMade() bool {
	if len(c.Header["X-Nextjs-Cache"]) > 0 || c.Kind == zones.KindData || c.isHTML() || c.isPayload() {
		return true
	}
	// The 304 of a page has neither type nor sign, and updates what caches have kept of its 200.
	return c.Status == http.StatusNotModified && c.Kind == zones.KindDocument && httpheader.First(c.Header, "Content-Type") == ""
}

func (c cacheCase) isHTML() bool {
	return strings.HasPrefix(httpheader.First(c.Header, "Content-Type"), "text/html")
}

func (c cacheCase) isPayload() bool {
	return strings.HasPrefix(httpheader.First(c.Header, "Content-Type"), "text/x-component")
}

// forSharedCaches keeps the seconds as they were written.
func (c cacheCase) forSharedCaches() string { return c.sharedFor(c.sMaxAge) }

func (cacheCase) sharedFor(seconds string) string {
	return "public, max-age=0, s-maxage=" + seconds + ", must-revalidate"
}

// mustNotBeGuessed reports whether it does harm to keep an answer that says nothing. Redirects, route handlers and
// pages without data stay as they are: of these Next.js's own documents say how to mark them, and without Last-Modified
// nobody guesses.
func (c cacheCase) mustNotBeGuessed() bool {
	switch {
	case c.Status >= 400:
		// Errors of the optimizer, of middleware and of external rewrites: 404, 405 and 410 may be guessed.
		return true
	case len(c.Header["Set-Cookie"]) > 0:
		return true
	case 300 <= c.Status && c.Status < 400:
		return false
	case c.isPayload(), c.Kind == zones.KindRSC, c.Kind == zones.KindPrefetch, c.Kind == zones.KindSegment:
		// The client of Next.js keeps payloads itself; the shell of a page with a dynamic part is unmarked.
		return true
	}
	// Pages of the edge runtime are made for each request, and say nothing (measured).
	return c.isHTML() && httpheader.First(c.Header, "X-Edge-Runtime") == "1"
}
