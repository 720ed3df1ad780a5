package zones

import (
	"net/http"
	"strings"
)

// RouterHeader is a header of a soft navigation, and the values that Next.js gives it.
type RouterHeader struct {
	Name  string
	valid func(value string) bool
}

var (
	prefetchHeader = RouterHeader{"Next-Router-Prefetch", func(v string) bool { return v == "1" || v == "2" || v == "3" }}
	// SegmentHeader asks for one segment of a page.
	SegmentHeader = RouterHeader{"Next-Router-Segment-Prefetch", func(v string) bool { return strings.HasPrefix(v, "/") }}
	treeHeader    = RouterHeader{"Next-Router-State-Tree", func(v string) bool { return v != "" }}
	urlHeader     = RouterHeader{"Next-Url", func(v string) bool { return strings.HasPrefix(v, "/") }}
)

// RouterHeaders stand in the order in which their values are hashed.
var RouterHeaders = []RouterHeader{prefetchHeader, SegmentHeader, treeHeader, urlHeader}

// IsValid reports whether h has the header once, with a value of Next.js. Node.js joins repeated ones to a value that
// has none of their meanings.
func (r RouterHeader) IsValid(h http.Header) bool {
	values := h[r.Name]
	return len(values) == 1 && r.valid(values[0])
}

// IsRSC reports whether Next.js takes a request with these headers for one of a payload.
func IsRSC(h http.Header) bool {
	values := h["Rsc"]
	return len(values) == 1 && values[0] == "1"
}
