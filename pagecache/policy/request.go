package policy

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// ForRequest says why a request must go to Next.js beside the cache. "" is no reason: an entry may answer it, and its
// answer may become one where ForResponse says so.
//
// Of the request's own Cache-Control only no-store is obeyed, and not here: an entry may answer it, and otherwise it
// goes to Next.js by itself. no-cache and max-age, which browsers send with each reload, do not lead past the cache.
// RFC 9111 leaves that to a cache ("directives are advisory", 5.2.1), and this one stands for the origin: it is no more
// out of date than the origin allows, and anybody could have pages made as often as he likes by a header. What is out
// of date is purged.
//
// ReasonRange is not against an answer from an entry, which is whole, but against filling one. A HEAD is answered from
// an entry too; ForResponse keeps nothing of what Next.js answers it.
func ForRequest(r *http.Request, f Facts) Reason {
	for _, row := range requestPolicy {
		if row.is(r, &f) {
			return row.reason
		}
	}
	return ""
}

// requestPolicy says which requests pass by the cache; the first row that fits decides.
var requestPolicy = []struct {
	reason Reason
	is     func(*http.Request, *Facts) bool
}{
	{ReasonVerdict, func(_ *http.Request, f *Facts) bool { return f.Class != ClassUnknown && f.Class != ClassPage }},
	{ReasonAction, func(r *http.Request, _ *Facts) bool { return isAction(r) }},
	{ReasonMethod, func(r *http.Request, _ *Facts) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }},
	{ReasonUpgrade, func(r *http.Request, _ *Facts) bool { return len(r.Header["Upgrade"]) > 0 }},
	// Route handlers may read it, and a page that was made with one would be kept for those who have none.
	{ReasonBody, func(r *http.Request, _ *Facts) bool { return r.ContentLength != 0 || len(r.TransferEncoding) > 0 }},
	{ReasonAuthorization, func(r *http.Request, _ *Facts) bool { return len(r.Header["Authorization"]) > 0 }},
	{ReasonDraftCookie, func(r *http.Request, _ *Facts) bool { return hasDraftCookie(r.Header["Cookie"]) }},
	{ReasonVariant, func(r *http.Request, f *Facts) bool { _, ok := f.asked(r.Header); return !ok }},
	{ReasonQuery, func(r *http.Request, _ *Facts) bool { return hasInternalName(r.URL.RawQuery) }},
	{ReasonRange, func(r *http.Request, _ *Facts) bool { return len(r.Header["Range"]) > 0 }},
}

// isAction reports whether a request calls a server action, by script or by a form (zones.KindAction).
func isAction(r *http.Request) bool {
	contentType := httpheader.First(r.Header, "Content-Type")
	return len(r.Header["Next-Action"]) > 0 ||
		r.Method == http.MethodPost && strings.HasPrefix(strings.ToLower(contentType), "multipart/form-data")
}

// draftCookies lead past what is prerendered: draft mode, previews of the Pages Router, and a test mode of navigations.
// One that is not valid has Next.js take it back, with a Set-Cookie beside the s-maxage of the page.
var draftCookies = [...]string{"__prerender_bypass", "__next_preview_data", "next-instant-navigation-testing"}

// hasDraftCookie looks for the names anywhere in the cookies, so it needs no opinion on how Next.js takes them apart.
func hasDraftCookie(lines []string) bool {
	for _, line := range lines {
		for _, name := range draftCookies {
			if strings.Contains(line, name) {
				return true
			}
		}
	}
	return false
}

// internalQueries are the beginnings of query names that Next.js gives to itself: from a client they have changed the
// page at a path whose query says nothing (CVE-2026-44574, CVE-2024-46982).
var internalQueries = [...]string{"nxtP", "nxtI", "__next"}

func hasInternalName(query string) bool {
	if !strings.Contains(query, "nxt") && !strings.Contains(query, "__next") && !strings.Contains(query, "%") {
		return false
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		for _, internal := range internalQueries {
			if strings.HasPrefix(name, internal) {
				return true
			}
		}
	}
	return false
}
