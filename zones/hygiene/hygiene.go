// Package hygiene keeps from Next.js what no client may say to it, and from clients and caches what Next.js says to
// itself or to one visitor: headers, cookies, queries, Cache-Control. Its decisions are pure functions on requests,
// answers and values; nothing here does I/O.
package hygiene

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// internalHeaders are request headers by which parts of Next.js, or a platform in front of it, talk to one another.
// From a client they are forged (CVE-2025-29927, CVE-2024-46982, CVE-2026-44572 and others). Next.js drops some of them
// itself since 15.2.3; the edge protects older versions and applications that read them. A name that ends in "*" stands
// for all that begin so.
var internalHeaders = []string{
	"X-Middleware-*", "X-Nextjs-*", "X-Next-*", "X-Invoke-*", "X-Now-*", "X-Vercel-*", "X-Prerender-Revalidate*",
	"X-Prerender-Bypass-Mode", "X-Matched-Path", "Next-Resume", "X-Rewrite-Url", "X-Original-Url", "X-Http-Method-Override",
	"X-Forwarded-Port", "Forwarded", "X-Real-Ip",
}

// internalQueries are the beginnings of query names that Next.js gives to itself: dynamic parameters and flags
// (CVE-2026-44574).
var internalQueries = []string{"nxtP", "nxtI", "__next"}

// leakedHeaders are response headers that are meant for Next.js itself and tell clients about its inside.
var leakedHeaders = []string{"X-Middleware-Rewrite", "X-Middleware-Set-Cookie", "X-Next-Cache-Tags"}

// CleanRequest removes what a client must not say to Next.js. trusted says that the request comes through a proxy that
// the operator trusts: what that says of the visitor's place (X-Vercel-Ip-*) is kept then.
//
// X-Forwarded-For, -Proto and -Host are left to the proxy, which knows whom to trust.
func CleanRequest(r *http.Request, kind zones.Kind, trusted bool) {
	for name := range r.Header {
		if isInternal(name) && !mayPass(name, kind, trusted) {
			delete(r.Header, name)
		}
	}
	cleanNavigation(r.Header, kind)
	r.URL.RawQuery = cleanQuery(r.URL.RawQuery)
}

func isInternal(name string) bool {
	switch name[0] {
	case 'X', 'N', 'F':
	default:
		return false // most headers: no need to look further
	}
	for _, internal := range internalHeaders {
		prefix, isPrefix := strings.CutSuffix(internal, "*")
		if name == internal || isPrefix && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// mayPass reports whether the client of Next.js itself says this with a request of that kind.
func mayPass(name string, kind zones.Kind, trusted bool) bool {
	switch name {
	case "X-Nextjs-Data", "X-Middleware-Prefetch":
		return kind == zones.KindData
	}
	return trusted && strings.HasPrefix(name, "X-Vercel-Ip-")
}

// cleanNavigation keeps the headers of the App Router only where they mean something and say something it says itself.
// Without RSC they change nothing in current versions, and made older ones mix up what they cache; only a server action
// has them without it.
func cleanNavigation(h http.Header, kind zones.Kind) {
	if !zones.IsRSC(h) {
		delete(h, "Rsc")
	}
	means := zones.IsRSC(h) || kind == zones.KindAction
	for _, header := range zones.RouterHeaders {
		if !means || !header.IsValid(h) {
			delete(h, header.Name)
		}
	}
}

// cleanQuery removes internal names from a query and leaves every other byte as it is.
func cleanQuery(query string) string {
	if !mayHoldInternalQuery(query) {
		return query
	}
	kept := make([]string, 0, 8)
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if !hasAnyPrefix(name, internalQueries) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// mayHoldInternalQuery is true for every query with an internal name, plain or percent-encoded, and false for most
// others.
func mayHoldInternalQuery(query string) bool {
	return strings.Contains(query, "nxt") || strings.Contains(query, "__next") || strings.Contains(query, "%")
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// CleanResponse removes what Next.js says to itself from the head of its answer.
func CleanResponse(h http.Header) {
	for _, name := range leakedHeaders {
		delete(h, name)
	}
	if httpheader.First(h, "X-Powered-By") == "Next.js" {
		delete(h, "X-Powered-By")
	}
}
