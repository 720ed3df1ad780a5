package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// A cache behind the transport sees what hygiene.ApplyCachePolicy has made of an answer. With what Next.js had said in
// a header of its own it decides as it would have done on that, except where the policy has forbidden what Next.js had
// allowed.
func TestTheCacheReadsWhatTheTransportWrites(t *testing.T) {
	const html, never = "text/html; charset=utf-8", "private, no-cache, no-store, max-age=0, must-revalidate"
	for _, c := range []struct {
		answer       string
		status       int
		cacheControl string
		nextCache    string
		cookie       string
		repaired     bool
		forbidden    policy.Reason
	}{
		{answer: "static", status: 200, cacheControl: "s-maxage=31536000", nextCache: "HIT"},
		{answer: "static, of 14", status: 200, cacheControl: "s-maxage=31536000, stale-while-revalidate", nextCache: "HIT"},
		{answer: "revalidated", status: 200, cacheControl: "s-maxage=5, stale-while-revalidate=31535995", nextCache: "HIT"},
		{answer: "made now", status: 200, cacheControl: "s-maxage=60", nextCache: "MISS"},
		{answer: "outdated", status: 200, cacheControl: "s-maxage=5, stale-while-revalidate=31535995", nextCache: "STALE"},
		{answer: "outdated, of 14", status: 200, cacheControl: "s-maxage=5, stale-while-revalidate", nextCache: "STALE"},
		{answer: "not found", status: 404, cacheControl: "s-maxage=60, stale-while-revalidate=31535940", nextCache: "HIT"},
		{answer: "not found, outdated", status: 404, cacheControl: "s-maxage=60, stale-while-revalidate=31535940", nextCache: "STALE"},
		{answer: "redirect", status: 307, cacheControl: "s-maxage=31536000", nextCache: "HIT"},
		{answer: "dynamic", status: 200, cacheControl: never},
		{answer: "marked", status: 200, cacheControl: "public, s-maxage=60, stale-while-revalidate=30"},
		{answer: "marked for all", status: 200, cacheControl: "public, max-age=60"},
		{answer: "nothing said", status: 200},

		{answer: "cookie", status: 200, cacheControl: "s-maxage=31536000", nextCache: "HIT", cookie: "a=b", forbidden: policy.ReasonSetCookie},
		{answer: "error", status: 500, cacheControl: "s-maxage=31536000", nextCache: "HIT", forbidden: policy.ReasonStatus},
		{answer: "repaired", status: 200, cacheControl: "s-maxage=5, stale-while-revalidate=31535995", nextCache: "HIT", repaired: true, forbidden: policy.ReasonPrivate},
	} {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		facts := policy.Facts{Path: "/a", Class: policy.ClassPage, StaleIfError: time.Minute, Now: time.Now()}
		h := http.Header{"Content-Type": {html}}
		for name, value := range map[string]string{"Cache-Control": c.cacheControl, "X-Nextjs-Cache": c.nextCache, "Set-Cookie": c.cookie} {
			if value != "" {
				h.Set(name, value)
			}
		}
		own := policy.ForResponse(r, facts, c.status, h)
		if said := h["Cache-Control"]; said != nil {
			facts.Said = &policy.Said{CacheControl: slices.Clone(said)}
		}
		hygiene.ApplyCachePolicy(hygiene.Answer{Method: r.Method, Status: c.status, Header: h, Repaired: c.repaired})
		got := policy.ForResponse(r, facts, c.status, h)
		if c.forbidden != "" {
			assert.Equal(t, policy.Decision{Reason: c.forbidden}, got, c.answer)
			continue
		}
		assert.Equal(t, own, got, c.answer)
	}
}
