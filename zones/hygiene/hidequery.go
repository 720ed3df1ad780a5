package hygiene

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// draftCookies lead past what is prerendered: draft mode, previews of the Pages Router, and a test mode of navigations.
var draftCookies = [...]string{bypassCookie, previewCookie, "next-instant-navigation-testing"}

// ShownQuery returns of the query of a request what Next.js is told. Next.js prints the address of whoever has a page
// made into the page, and gives that to everybody. Where the build proves that the query says nothing of the page,
// there remain the parameters that conditions of rules look at, and _rsc.
//
// It looks at the cookies that CookieScope.CleanRequest leaves.
func ShownQuery(r *http.Request, ruleSet *rules.Set, v *rules.Verdict, kind zones.Kind) string {
	query := r.URL.RawQuery
	if query == "" || ruleSet == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return query
	}
	switch kind {
	case zones.KindDocument, zones.KindRSC, zones.KindPrefetch, zones.KindSegment, zones.KindData, zones.KindAPI:
	default:
		return query
	}
	if !ruleSet.IgnoresQuery(v) || isDraft(r.Header) {
		return query
	}
	return keepParameters(query, ruleSet)
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

// keepParameters returns the parameters that rules of the build look at, as they are written, and _rsc.
func keepParameters(query string, ruleSet *rules.Set) string {
	kept := ""
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch {
		case pair == "" || name != rscParameter && !ruleSet.HasQueryCondition(spelling.DecodeFormText(name)):
		case kept == "":
			kept = pair
		default:
			kept += "&" + pair
		}
	}
	return kept
}
