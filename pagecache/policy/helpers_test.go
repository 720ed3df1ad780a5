package policy

import (
	"net/http"
	"net/http/httptest"
	"time"
)

// now is when all answers of the tests come.
var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// Values of Cache-Control, as Next.js writes them.
const (
	never    = "private, no-cache, no-store, max-age=0, must-revalidate"
	year     = "s-maxage=31536000"
	isr      = "s-maxage=5, stale-while-revalidate=31535995"
	html     = "text/html; charset=utf-8"
	rsc      = "text/x-component"
	typeJSON = "application/json"
	rscv     = "rsc, next-router-state-tree, next-router-prefetch, next-router-segment-prefetch"
)

const second = time.Second

// fields makes headers of name, value, name, value….
func fields(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func asking(target string, pairs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header = fields(pairs...)
	return r
}

// page is what the caller says of a request for a page of a build that it knows.
func ofPage(r *http.Request) Facts {
	return factsOf(r, ClassPage)
}

func factsOf(r *http.Request, class Class) Facts {
	f := Facts{Space: "zone", Deployment: "dpl-1", Path: r.URL.EscapedPath(), Class: class, Now: now}
	f.Variant, _ = VariantOf(r.Header, r.URL.EscapedPath())
	f.Data = f.Variant == VariantData
	if f.Variant.isPayload() {
		f.NextURL = r.Header.Get("Next-Url")
	}
	return f
}

// reasons are all reasons but the empty one.
func reasons() []Reason {
	return []Reason{
		ReasonFresh, ReasonExpired, ReasonAbsent, ReasonPurged,
		ReasonVerdict, ReasonMethod, ReasonAction, ReasonUpgrade, ReasonBody, ReasonAuthorization, ReasonDraftCookie, ReasonVariant, ReasonQuery, ReasonKey,
		ReasonRange, ReasonRequestStore,
		ReasonStatus, ReasonEmpty, ReasonSetCookie, ReasonPrivate, ReasonStream, ReasonCoding, ReasonType, ReasonVary, ReasonDeployment, ReasonPostponed,
		ReasonTrailers, ReasonLocale, ReasonStateTree, ReasonTags, ReasonNoFreshness, ReasonStaleUpstream, ReasonTooLarge, ReasonIncomplete, ReasonGeneration,
		ReasonError,
	}
}
