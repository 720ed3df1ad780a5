package policy

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Decision is what becomes of an answer.
type Decision struct {
	Store  bool
	Reason Reason // why not, or ReasonStaleUpstream: kept, and never fresh

	Fresh        time.Duration // how long from now it may be used without asking
	StaleWhile   time.Duration // how long after that, while it is asked for again
	StaleIfError time.Duration // how long after Fresh, where Next.js cannot be asked
	Age          time.Duration // how old it was when it came

	Outdated bool          // it was when it came, and Next.js makes it again
	Remade   time.Duration // how long it is fresh then
	Unsure   bool          // Next.js may call it outdated at any moment, though it was fresh when it came

	Interceptable bool     // its Vary names next-url
	Tags          []string // nil: unknown. A segment has those of its page then; where nobody knows them, it is not to be kept
}

// ForResponse says whether and for how long an answer may be kept, at its head. What the body shows later is the
// caller's: that it is whole, has a byte at all where the status is 200, is not too large, and is not followed by
// trailers that were not announced.
//
// For the answer 304 to a question of the cache's own it is asked with the status of the entry and what Refreshed
// returns: the 304 by itself is not kept.
func ForResponse(r *http.Request, f Facts, status int, h http.Header) Decision {
	if reason := ForRequest(r, f); reason != "" {
		return Decision{Reason: reason}
	}
	c := responseCase{r: r, f: &f, status: status, h: h, words: readWords(h, f.Said), vary: readVary(h["Vary"]), tags: f.Tags}
	if f.Said != nil && f.Said.Tags != nil {
		var ok bool
		c.tags, ok = ParseTags(f.Said.Tags)
		c.tooManyTags = !ok
	}
	if c.variant = f.Variant; f.Data {
		c.variant = VariantData
	}
	for _, row := range responsePolicy {
		if row.is(&c) {
			return Decision{Reason: row.reason}
		}
	}
	age := ageOf(h, f.Now)
	left := windowsOf(c.words, h, f.StaleIfError, age, f.Remade, f.Now)
	d := Decision{
		Fresh: left.fresh, StaleWhile: left.staleWhile, StaleIfError: left.staleIfError, Age: age, Unsure: left.unsure, Interceptable: c.vary.nextURL, Tags: c.tags,
	}
	switch {
	case !left.explicit:
		d.Reason = ReasonNoFreshness
	case c.outdated:
		d.Reason, d.Store = ReasonStaleUpstream, d.StaleWhile > 0 || d.StaleIfError > 0
		d.Outdated, d.Remade = true, c.sMaxAge
	case d.Fresh > 0 || d.StaleWhile > 0:
		d.Store = true
	case age > 0:
		d.Reason = ReasonExpired
	default:
		d.Reason = ReasonNoFreshness
	}
	if !d.Store {
		return Decision{Reason: d.Reason}
	}
	return d
}

// responseCase is an answer and what is read of it.
type responseCase struct {
	words
	r       *http.Request
	f       *Facts
	status  int
	h       http.Header
	variant Variant
	vary    vary
	tags    []string
	// A purge by one that is left out would not find the answer.
	tooManyTags bool
}

// responsePolicy says which answers are not kept; the first row that fits decides. "Measured" is: with Next.js 14.2,
// 15.5 and 16.4.
var responsePolicy = []struct {
	reason Reason
	is     func(*responseCase) bool
}{
	{ReasonMethod, func(c *responseCase) bool { return c.r.Method != http.MethodGet }},
	{ReasonRequestStore, func(c *responseCase) bool { return SaysNoStore(c.r.Header) }},
	{ReasonStatus, func(c *responseCase) bool { return !c.isKeptStatus() }},
	// Middleware that sets a cookie, and a draft cookie that is taken back, leave the s-maxage of the page (measured).
	{ReasonSetCookie, func(c *responseCase) bool { return c.isForOneBrowser() }},
	{ReasonPrivate, func(c *responseCase) bool { return c.isForbidden() }},
	{ReasonStream, func(c *responseCase) bool { return c.hasType("text/event-stream") }},
	// Caches send no Accept-Encoding on. Where one was sent all the same, the answer is not for everybody.
	{ReasonCoding, func(c *responseCase) bool {
		return len(c.h["Content-Encoding"]) > 0 && httpheader.First(c.h, "Content-Encoding") != "identity"
	}},
	{ReasonType, func(c *responseCase) bool { return !c.isTypeOfVariant() }},
	{ReasonVary, func(c *responseCase) bool { return c.vary.unknown }},
	{ReasonDeployment, func(c *responseCase) bool { return c.f.Mixed || c.isOfAnotherDeployment() }},
	// The shell of a partially prerendered page is followed by what was made for one request.
	{ReasonPostponed, func(c *responseCase) bool {
		return !c.variant.isPayload() && httpheader.First(c.h, "X-Nextjs-Postponed") == "1"
	}},
	{ReasonTrailers, func(c *responseCase) bool { return len(c.h["Trailer"]) > 0 }},
	// Next.js has answered 204 and empty pages in place of pages (CVE-2025-49826). Redirects may be empty.
	{ReasonEmpty, func(c *responseCase) bool {
		return !isRedirect(c.status) && httpheader.First(c.h, "Content-Length") == "0"
	}},
	// Next.js leads from the root to the language of the browser. The page of the default language has no Vary:
	// Accept-Language (measured), and without a build it is not known who has languages. The App Router has none.
	{ReasonLocale, func(c *responseCase) bool {
		return c.f.Class == ClassUnknown && c.variant == VariantHTML && c.f.Path == "/" && !c.vary.rsc
	}},
	{ReasonStateTree, func(c *responseCase) bool { return c.variant.isPayload() && !c.isPrerendered() }},
	{ReasonTags, func(c *responseCase) bool { return c.tooManyTags }},
}

// isKeptStatus reports whether answers of the status are kept: pages, and what Next.js has prerendered in place of one.
// Anything but a page needs an s-maxage, for max-age of an application is meant for its pages.
func (c *responseCase) isKeptStatus() bool {
	switch {
	case c.status == http.StatusOK:
		return true
	case c.status == http.StatusNotFound, c.status == http.StatusGone:
		// Names of segments are endless, and whoever invents them would fill the cache.
		return c.any(dirSMaxAge) && c.variant != VariantSegment
	case isRedirect(c.status):
		// A payload that is redirected was asked for without its _rsc. A rule's redirect carries the query along, of
		// which parts may not be in the key; a page's does not.
		return c.any(dirSMaxAge) && !c.variant.isPayload() && (c.r.URL.RawQuery == "" || len(c.h["X-Nextjs-Cache"]) > 0)
	}
	return false
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func (c *responseCase) isForOneBrowser() bool {
	return len(c.h["Set-Cookie"]) > 0 || len(c.h["Set-Cookie2"]) > 0 || len(c.h["Clear-Site-Data"]) > 0
}

// isForbidden reports whether the answer says that nobody may keep it. Fields for some shared caches only count too:
// what they allow is not for this one to use, and what they forbid is as little its own to keep.
func (c *responseCase) isForbidden() bool {
	if c.any(dirForbids) || c.has == 0 && strings.Contains(strings.ToLower(strings.Join(c.h["Pragma"], ",")), "no-cache") {
		return true
	}
	for _, name := range httpheader.TargetedFields {
		if lines := c.h[name]; lines != nil && readDirectives(lines).any(dirForbids) {
			return true
		}
	}
	return false
}

func (c *responseCase) hasType(mediaType string) bool { return HasType(c.h, mediaType) }

// HasType compares the media type of an answer, without its parameters.
func HasType(h http.Header, mediaType string) bool {
	have, _, _ := strings.Cut(httpheader.First(h, "Content-Type"), ";")
	return strings.EqualFold(strings.Trim(have, " \t"), mediaType)
}

// isTypeOfVariant keeps payloads and data from being stored as pages, and the other way round (CVE-2025-32421,
// CVE-2026-44576).
func (c *responseCase) isTypeOfVariant() bool {
	if len(c.h["Content-Type"]) > 1 {
		return false
	}
	switch {
	case c.variant == VariantData:
		return c.hasType("application/json")
	case c.variant.isPayload():
		return c.hasType("text/x-component")
	case c.hasType("text/x-component"):
		return false
	case c.hasType("application/json"):
		// The data of a page of the Pages Router looks like this; what the App Router answers with names its headers in
		// Vary (measured).
		return c.vary.rsc
	}
	return httpheader.First(c.h, "Content-Type") != "" || isRedirect(c.status)
}

func (c *responseCase) isOfAnotherDeployment() bool {
	for _, id := range c.h["X-Nextjs-Deployment-Id"] {
		if c.f.Deployment != "" && id != c.f.Deployment {
			return true
		}
	}
	return false
}

// isPrerendered reports whether Next.js has made a payload ahead of its request. Others depend on the state tree of the
// browser, which is not in the key, whatever headers() says of their path.
func (c *responseCase) isPrerendered() bool {
	return len(c.h["X-Nextjs-Cache"]) > 0 || httpheader.First(c.h, "X-Nextjs-Prerender") == "1" ||
		c.variant != VariantRSC && len(c.h["X-Nextjs-Postponed"]) > 0
}

// vary is what the Vary of an answer names.
type vary struct {
	unknown bool // a header that is not in the key
	nextURL bool
	rsc     bool
}

// readVary reads Vary. The headers of the App Router are in the key, or proved to have no say; Accept-Encoding has none
// in an answer that is not compressed.
func readVary(lines []string) (v vary) {
	for name := range httpheader.Tokens(lines) {
		switch strings.ToLower(name) {
		case "rsc":
			v.rsc = true
		case "next-url":
			v.nextURL = true
		case "next-router-state-tree", "next-router-prefetch", "next-router-segment-prefetch", "accept-encoding":
		default:
			v.unknown = true
		}
	}
	return v
}
