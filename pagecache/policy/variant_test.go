package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVariantOf(t *testing.T) {
	const tree = "%5B%22%22%5D"
	for _, c := range []struct {
		headers []string
		path    string
		variant Variant
		segment string
		ok      bool
	}{
		{nil, "/a", VariantHTML, "", true},
		{[]string{"Accept", "text/html", "Cookie", "a=b"}, "/a", VariantHTML, "", true},
		{[]string{"RSC", "1"}, "/a", VariantRSC, "", true},
		{[]string{"RSC", "1", "Next-Router-State-Tree", tree, "Next-Url", "/b"}, "/a", VariantRSC, "", true},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "1"}, "/a", VariantPrefetch, "", true},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "2"}, "/a", VariantRuntimePrefetch, "", true},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "3", "Next-Router-State-Tree", tree}, "/a", VariantRuntimePrefetch, "", true},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}, "/a", VariantSegment, "/_tree", true},
		{[]string{"RSC", "1", "Next-Router-Segment-Prefetch", "/_full"}, "/a", VariantSegment, "/_full", true},
		{nil, "/_next/data/build/a.json", VariantData, "", true},
		{[]string{"X-Nextjs-Data", "1", "Purpose", "prefetch"}, "/_next/data/build/a.json", VariantData, "", true},

		// Only exactly "1" asks for a payload; nobody who means the page says anything else.
		{[]string{"RSC", "true"}, "/a", 0, "", false},
		{[]string{"RSC", "0"}, "/a", 0, "", false},
		{[]string{"RSC", ""}, "/a", 0, "", false},
		{[]string{"RSC", "1", "RSC", "1"}, "/a", 0, "", false},
		{[]string{"RSC", "1, 1"}, "/a", 0, "", false},
		{[]string{"Next-Router-Prefetch", "1"}, "/a", 0, "", false},
		{[]string{"Next-Router-Segment-Prefetch", "/_tree"}, "/a", 0, "", false},
		{[]string{"Next-Router-State-Tree", tree}, "/a", 0, "", false},
		{[]string{"Next-Url", "/b"}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "4"}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Router-Prefetch", ""}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Prefetch", "2"}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Router-Segment-Prefetch", "_tree"}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Router-State-Tree", ""}, "/a", 0, "", false},
		{[]string{"RSC", "1", "Next-Url", "https://elsewhere.test/"}, "/a", 0, "", false},
		{[]string{"RSC", "1"}, "/_next/data/build/a.json", 0, "", false},
		{[]string{"Next-Url", "/b"}, "/_next/data/build/a.json", 0, "", false},
		{[]string{"X-Middleware-Prefetch", "1"}, "/_next/data/build/a.json", 0, "", false},
	} {
		variant, ok := VariantOf(fields(c.headers...), c.path)
		asked, _ := askedFor(fields(c.headers...), variant == VariantData)
		assert.Equal(t, c.ok, ok, "%s %q", c.path, c.headers)
		if c.ok {
			assert.Equal(t, c.variant, variant, "%s %q", c.path, c.headers)
			assert.Equal(t, c.segment, asked.segment, "%s %q", c.path, c.headers)
		}
	}
}
