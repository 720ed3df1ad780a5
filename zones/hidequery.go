package zones

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// draftCookies lead past what is prerendered: draft mode, previews of the Pages Router, and a test mode of navigations.
var draftCookies = [...]string{bypassCookie, previewCookie, "next-instant-navigation-testing"}

// Prerendered reports whether Next.js makes what is at a path ahead of requests, or for the first one as for all: then
// it says nothing of their query. The tags are those of the build, nil where it does not know them.
func (b *Rulebook) Prerendered(v *Verdict) (tags []string, ok bool) {
	switch v.Output {
	case OutputPage, OutputRoute, OutputData:
	default:
		return nil, false
	}
	if page, ok := b.build.Prerenders[v.Path]; ok {
		return page.Tags, !page.Partial && !b.postponed.has(v.Path)
	}
	if _, ok := b.build.Fallbacks[v.Page]; ok {
		return nil, !b.build.Partials[v.Page]
	}
	_, ok = b.build.Prerenders[v.Page] // whose data is at the path
	return nil, ok && v.Output == OutputData
}

// ShownQuery returns of the query of a request what Next.js is told. Next.js prints the address of whoever has a page
// made into the page, and gives that to everybody. Where the build proves that the query says nothing of the page,
// there remain the parameters that conditions of rules look at, and _rsc.
//
// It looks at the cookies that CookieScope.CleanRequest leaves.
func (b *Rulebook) ShownQuery(r *http.Request, v *Verdict, kind Kind) string {
	query := r.URL.RawQuery
	if query == "" || b == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return query
	}
	switch kind {
	case KindDocument, KindRSC, KindPrefetch, KindSegment, KindData, KindAPI:
	default:
		return query
	}
	if !v.Edge() {
		if v = v.beneath; v == nil {
			return query
		}
	}
	if _, ok := b.Prerendered(v); !ok || isDraft(r.Header) {
		return query
	}
	return keepParameters(query, b.asked.queries)
}

// isDraft looks for the names anywhere in the cookies, so it needs no opinion on how Next.js takes them apart.
func isDraft(h http.Header) bool {
	for _, line := range h["Cookie"] {
		for _, name := range draftCookies {
			if strings.Contains(line, name) {
				return true
			}
		}
	}
	return false
}

// keepParameters returns the parameters of some names, as they are written, and _rsc.
func keepParameters(query string, names map[string]bool) string {
	kept := ""
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch {
		case pair == "" || name != rscParameter && !names[spelling.DecodeFormText(name)]:
		case kept == "":
			kept = pair
		default:
			kept += "&" + pair
		}
	}
	return kept
}
