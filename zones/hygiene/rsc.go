package hygiene

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// rscParameter is the query parameter by which the App Router makes the URL of a soft navigation depend on its headers.
const rscParameter = "_rsc"

// RSCRepair is what RepairRSC has done to a request. The zero value is nothing.
type RSCRepair struct {
	made  bool
	ours  string   // the value that the request has now
	given []string // the values that the client has sent, none if it sent no parameter
}

// Made reports whether the request has another _rsc parameter than its client has sent.
func (p RSCRepair) Made() bool { return p.made }

// RepairRSC gives a soft navigation the _rsc parameter that Next.js expects, in the place of the client's, and says
// what it had to change. Next.js 16 (15 with experimental.validateRSCRequestHeaders) answers a missing or wrong one
// with a redirect to the right one, which costs a round trip and nothing else (base-server.js). The parameter protects
// caches that ignore Vary, so the answer to a repaired request must not be kept by anybody on the way.
//
// It counts the headers that CleanRequest leaves.
func RepairRSC(r *http.Request, kind zones.Kind) RSCRepair {
	switch kind {
	case zones.KindRSC, zones.KindPrefetch, zones.KindSegment:
	default:
		return RSCRepair{}
	}
	input := rscInput(r.Header)
	given, found := spelling.QueryValue(r.URL.RawQuery, rscParameter)
	short := shortRSCHash(input)
	if found && (given == short || given == rscHash(input)) {
		return RSCRepair{}
	}
	repair := RSCRepair{made: true, ours: short, given: spelling.ParseQuery(r.URL.RawQuery).Values(rscParameter)}
	// The short form is understood by every version that checks.
	r.URL.RawQuery = spelling.SetQueryValue(r.URL.RawQuery, rscParameter, short)
	return repair
}

// Undo returns a Location as Next.js would have written it for the client's own query: redirects of rules carry that
// along.
func (p RSCRepair) Undo(location string) string {
	rest, fragment, hasFragment := strings.Cut(location, "#")
	path, query, found := strings.Cut(rest, "?")
	ours := rscParameter + "=" + spelling.EncodeURIComponent(p.ours)
	if !p.made || !found || !strings.Contains(query, ours) {
		return location
	}
	pairs := strings.Split(query, "&")
	at := slices.Index(pairs, ours)
	if at < 0 {
		return location
	}
	given := make([]string, len(p.given))
	for i, value := range p.given {
		given[i] = rscParameter + "=" + spelling.EncodeURIComponent(value)
	}
	location = spelling.WithQuery(path, strings.Join(slices.Replace(pairs, at, at+1, given...), "&"))
	if hasFragment {
		location += "#" + fragment
	}
	return location
}

// rscInput is createCacheBustingSearchParamInput of next/dist/shared/lib/router/utils/cache-busting-search-param.js
// (15.5, 16.4).
func rscInput(h http.Header) string {
	values := make([]string, len(zones.RouterHeaders))
	none := true
	for i, header := range zones.RouterHeaders {
		values[i] = "0"
		if header.IsValid(h) {
			values[i], none = h[header.Name][0], false
		}
	}
	if none {
		return ""
	}
	return strings.Join(values, ",")
}

// rscHash is the form of 15.5 and 16: the first 12 bytes of SHA-256 in unpadded base64url.
func rscHash(input string) string {
	if input == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(input))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// shortRSCHash is the older form: djb2 in base 36, cut to 5 characters (next/dist/shared/lib/hash.js).
func shortRSCHash(input string) string {
	if input == "" {
		return ""
	}
	hash := uint32(5381)
	for i := range len(input) {
		hash = hash*33 + uint32(input[i])
	}
	text := strconv.FormatUint(uint64(hash), 36)
	return text[:min(5, len(text))]
}

// WithoutRSC takes the _rsc parameter out of a query: a document has none.
func WithoutRSC(query string) string { return spelling.WithoutQueryValue(query, rscParameter) }
