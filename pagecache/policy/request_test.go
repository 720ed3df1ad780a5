package policy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestForRequest(t *testing.T) {
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	method := func(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }
	for _, c := range []struct {
		want Reason
		r    *http.Request
	}{
		{"", asking("/a")},
		{"", with(asking("/a"), method(http.MethodHead))},
		{"", asking("/a", "RSC", "1", "Next-Router-State-Tree", "x", "Next-Url", "/b")},
		{"", asking("/_next/data/b/a.json", "X-Nextjs-Data", "1")},
		{"", asking("/a", "Cookie", "session=1; theme=dark")},
		{"", asking("/a", "If-None-Match", `"x"`)},
		// A client cannot have pages made as often as it likes.
		{"", asking("/a", "Cache-Control", "no-cache", "Pragma", "no-cache")},
		{"", asking("/a", "Cache-Control", "max-age=0, min-fresh=100")},
		{"", asking("/a", "Cache-Control", "no-store")},
		{"", asking("/a?x=1&utm_source=2&next=3&page__next=4&%6eame=5")},

		{ReasonMethod, with(asking("/a"), method(http.MethodPost))},
		{ReasonMethod, with(asking("/a"), method("PURGE"))},
		{ReasonMethod, with(asking("/a"), method("get"))},
		{ReasonMethod, with(asking("/a"), method(http.MethodOptions))},
		{ReasonAction, with(asking("/a", "Next-Action", "7f00"), method(http.MethodPost))},
		{ReasonAction, asking("/a", "Next-Action", "7f00")},
		{ReasonAction, with(asking("/a", "Content-Type", "Multipart/Form-Data; boundary=x"), method(http.MethodPost))},
		{ReasonUpgrade, asking("/a", "Connection", "Upgrade", "Upgrade", "websocket")},
		{ReasonBody, with(asking("/a"), func(r *http.Request) { r.ContentLength = 3 })},
		{ReasonBody, with(asking("/a"), func(r *http.Request) { r.ContentLength = -1 })},
		{ReasonBody, with(asking("/a"), func(r *http.Request) { r.TransferEncoding = []string{"chunked"} })},
		{ReasonAuthorization, asking("/a", "Authorization", "Bearer x")},
		{ReasonDraftCookie, asking("/a", "Cookie", "__prerender_bypass=0123")},
		{ReasonDraftCookie, asking("/a", "Cookie", "a=b;__prerender_bypass=")},
		{ReasonDraftCookie, asking("/a", "Cookie", "a=b", "Cookie", `c="x"; __next_preview_data=eyJ`)},
		{ReasonDraftCookie, asking("/a", "Cookie", "next-instant-navigation-testing=1")},
		{ReasonVariant, asking("/a", "RSC", "true")},
		{ReasonVariant, asking("/a", "RSC", "1", "Next-Router-Prefetch", "9")},
		{ReasonQuery, asking("/a?x=1&nxtPslug=b")},
		{ReasonQuery, asking("/a?nxtIslug=b")},
		{ReasonQuery, asking("/a?__nextDataReq=1")},
		{ReasonQuery, asking("/a?%6extPslug=b")},
		{ReasonQuery, asking("/a?_%5Fnext_locale")},
		{ReasonRange, asking("/a", "Range", "bytes=0-9")},
		{ReasonAuthorization, asking("/a", "Range", "bytes=0-9", "Authorization", "x")},
	} {
		assert.Equal(t, c.want, ForRequest(c.r, ofPage(c.r)), "%s %s %q", c.r.Method, c.r.URL, c.r.Header)
		if c.want != "" {
			answer := fields("Cache-Control", "public, "+year, "Content-Type", html, "X-Nextjs-Cache", "HIT")
			assert.Equal(t, Decision{Reason: c.want}, ForResponse(c.r, ofPage(c.r), 200, answer), "what passes by the cache does not fill it")
		}
	}
}

func TestClassOfAPathDecidesFirst(t *testing.T) {
	for class, want := range map[Class]Reason{ClassUnknown: "", ClassPage: "", ClassBypass: ReasonVerdict, 9: ReasonVerdict} {
		r := asking("/a")
		assert.Equal(t, want, ForRequest(r, factsOf(r, class)))
	}
}

// The words become parts of Cache-Status and labels of metrics.
func TestReasonsAreTokens(t *testing.T) {
	seen := map[Reason]bool{}
	for _, reason := range reasons() {
		assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, string(reason))
		assert.False(t, seen[reason], "%s is there twice", reason)
		seen[reason] = true
	}
	for _, row := range requestPolicy {
		assert.True(t, seen[row.reason], "%s is missing", row.reason)
	}
	for _, row := range responsePolicy {
		assert.True(t, seen[row.reason], "%s is missing", row.reason)
	}
	var names []string
	for kind := ResultHit; kind <= ResultBypass; kind++ {
		names = append(names, kind.String())
	}
	assert.Equal(t, "hit stale miss bypass", strings.Join(names, " "))
}
