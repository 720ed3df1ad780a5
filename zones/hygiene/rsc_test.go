package hygiene

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// The vectors were made by Next.js 16.4.
func TestRSCHashes(t *testing.T) {
	for _, c := range []struct {
		headers     []string
		long, short string
	}{
		{nil, "", ""},
		{[]string{"Next-Router-Prefetch: 1"}, "HEAvJdHAQJrUAe2K", "bl95g"},
		{[]string{"Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"}, "_i_aeImnuN6u1u1r", "1r34m"},
	} {
		input := rscInput(request("GET /", c.headers...).Header)
		assert.Equal(t, c.long, rscHash(input))
		assert.Equal(t, c.short, shortRSCHash(input))
	}
}

func TestRepairRSC(t *testing.T) {
	prefetch := []string{"RSC: 1", "Next-Router-Prefetch: 1"}
	for _, c := range []struct {
		line    string
		headers []string
		query   string
		want    string
	}{
		{"GET /", prefetch, "_rsc=HEAvJdHAQJrUAe2K", "_rsc=HEAvJdHAQJrUAe2K"},
		{"GET /", prefetch, "a=1&_rsc=bl95g&b", "a=1&_rsc=bl95g&b"},
		{"GET /", prefetch, "", "_rsc=bl95g"},
		{"HEAD /", prefetch, "a=%2F&_rsc=wrong&b=+", "a=%2F&_rsc=bl95g&b=+"},
		{"GET /", prefetch, "_rsc=1&a&_rsc=2&b=&_rsc", "_rsc=bl95g&a&b="},
		{"GET /", prefetch, "_rsc=%zz", "_rsc=bl95g"},
		{"GET /", []string{"RSC: 1"}, "a", "a&_rsc="},
		{"GET /", []string{"RSC: 1"}, "_rsc=", "_rsc="},
		{"GET /", []string{"RSC: 1"}, "_rsc", "_rsc"},
		{"GET /", nil, "_rsc=x", "_rsc=x"},
		{"POST /", []string{"Next-Action: 1"}, "_rsc=x", "_rsc=x"},
	} {
		r := request(c.line, c.headers...)
		r.URL.RawQuery = c.query
		repaired := RepairRSC(r, zones.KindOf(r, zones.Match{Path: strings.Fields(c.line)[1], Target: rules.Target{AsWritten: true}}))
		assert.Equal(t, c.want, r.URL.RawQuery, "%s %v %s", c.line, c.headers, c.query)
		assert.Equal(t, c.query != c.want, repaired.Made())
	}
}

func TestWithoutRSC(t *testing.T) {
	for query, want := range map[string]string{"": "", "_rsc=x": "", "_rsc": "", "a=1&_rsc=x&b": "a=1&b", "a=%2F&&b": "a=%2F&&b", "_rscs=1": "_rscs=1"} {
		assert.Equal(t, want, WithoutRSC(query), query)
	}
}

// What stands in a redirect is what Next.js 16.4 answers without the edge: names and values encoded anew.
func TestARedirectSaysWhatTheClientSent(t *testing.T) {
	for _, c := range []struct{ query, location, want string }{
		{"", "/open?_rsc=bl95g", "/open"},
		{"a=1", "/open?a=1&_rsc=bl95g", "/open?a=1"},
		{"a=1&_rsc=bad&b=2", "/open?a=1&_rsc=bl95g&b=2", "/open?a=1&_rsc=bad&b=2"},
		{"_rsc=a+b%20c", "https://example.org/x?_rsc=bl95g#top", "https://example.org/x?_rsc=a%20b%20c#top"},
		{"_rsc", "/open?_rsc=bl95g", "/open?_rsc="},
		{"_rsc=1&_rsc=2", "/open?_rsc=bl95g", "/open?_rsc=1&_rsc=2"},
		{"", "/open", "/open"},
		{"", "/open?_rsc=another", "/open?_rsc=another"},
		{"", "/open?to=_rsc=bl95g", "/open?to=_rsc=bl95g"},
		{"_rsc=bl95g", "/open?_rsc=bl95g", "/open?_rsc=bl95g"},
	} {
		r := request("GET /moved", "RSC: 1", "Next-Router-Prefetch: 1")
		r.URL.RawQuery = c.query
		repair := RepairRSC(r, zones.KindPrefetch)
		assert.Equal(t, c.want, repair.Undo(c.location), "%q %s", c.query, c.location)
	}
	assert.Equal(t, "/open?_rsc=", RSCRepair{}.Undo("/open?_rsc="))
}
