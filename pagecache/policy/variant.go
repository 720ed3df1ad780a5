package policy

import (
	"net/http"
	"strings"
)

// Variant is which representation of one URL a request asks for.
type Variant uint8

// The variants.
const (
	VariantHTML            Variant = iota // a document, or what a route handler answers
	VariantRSC                            // the payload of a soft navigation
	VariantPrefetch                       // Next-Router-Prefetch: 1
	VariantRuntimePrefetch                // Next-Router-Prefetch: 2 or 3
	VariantSegment                        // one segment of a payload, with Next-Router-Segment-Prefetch
	VariantData                           // JSON of the Pages Router

	variants = iota
)

// VariantOf tells which variant a request asks for; path is the escaped one below the basePath.
//
// ok is false where the headers are none that a client of Next.js sends: values it does not know, or router headers
// without RSC. Next.js 15 and 16 answer those with the page; older versions have mixed up what they keep
// (CVE-2024-46982), and nobody but somebody who looks for that sends them.
func VariantOf(h http.Header, path string) (variant Variant, ok bool) {
	asked, ok := askedFor(h, strings.HasPrefix(path, "/_next/data/"))
	return asked.variant, ok
}

// asked is what the headers of a request ask for.
type asked struct {
	variant  Variant
	prefetch string // the value of Next-Router-Prefetch
	segment  string
	nextURL  string
}

func askedFor(h http.Header, data bool) (a asked, ok bool) {
	var values [5]string
	for i, name := range variantHeaders {
		if values[i], ok = single(h, name); !ok {
			return asked{}, false
		}
	}
	rsc, tree := values[0], values[1]
	a = asked{prefetch: values[2], segment: values[3], nextURL: values[4]}
	switch {
	case rsc == "" && (tree != "" || a != asked{}):
		return asked{}, false
	case data:
		a.variant = VariantData
		// With this header Next.js answers what is made for each request with {}.
		return a, rsc == "" && len(h["X-Middleware-Prefetch"]) == 0
	case rsc == "":
		return a, true
	case rsc != "1", a.segment != "" && a.segment[0] != '/', a.nextURL != "" && a.nextURL[0] != '/':
		return asked{}, false
	}
	switch a.prefetch {
	case "":
		a.variant = VariantRSC
	case "1":
		a.variant = VariantPrefetch
	case "2", "3":
		a.variant = VariantRuntimePrefetch
	default:
		return asked{}, false
	}
	if a.segment != "" {
		a.variant = VariantSegment
	}
	return a, true
}

// variantHeaders are the headers of the App Router's client (next/dist/client/components/app-router-headers.js).
var variantHeaders = [...]string{"Rsc", "Next-Router-State-Tree", "Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Url"}

// asked is what the headers ask for, if they ask for what the facts say.
func (f *Facts) asked(h http.Header) (a asked, ok bool) {
	data := f.Data || f.Variant == VariantData
	if a, ok = askedFor(h, data); !ok {
		return asked{}, false
	}
	said := f.Variant
	if f.Data && said == VariantHTML {
		said = VariantData
	}
	return a, a.variant == said && a.nextURL == f.NextURL
}

// isPayload reports whether the App Router's client asks for the variant.
func (v Variant) isPayload() bool { return v != VariantHTML && v != VariantData }

// single returns the value of a header by its canonical name, "" if there is none. ok is false for one that is repeated
// or empty: Node.js would join the values to one that means something else.
func single(h http.Header, canonical string) (value string, ok bool) {
	switch values := h[canonical]; len(values) {
	case 0:
		return "", true
	case 1:
		return values[0], values[0] != ""
	}
	return "", false
}

// AsVariant are the headers of a request for another variant of the same page.
func AsVariant(h http.Header, v Variant) http.Header {
	h = h.Clone()
	for _, name := range variantHeaders {
		delete(h, name)
	}
	for name, values := range HeadersOf(v) {
		h[name] = values
	}
	return h
}

// HeadersOf are the headers by which the client of Next.js asks for a variant that has all of a page.
func HeadersOf(v Variant) http.Header {
	switch v {
	case VariantRSC:
		return http.Header{"Rsc": {"1"}}
	case VariantPrefetch:
		return http.Header{"Rsc": {"1"}, "Next-Router-Prefetch": {"1"}}
	}
	return http.Header{}
}
