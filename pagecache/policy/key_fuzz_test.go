package policy

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// pieces takes choices off the bytes of a fuzzer.
type pieces struct{ data []byte }

func (p *pieces) next(n int) int {
	if len(p.data) == 0 {
		return 0
	}
	b := int(p.data[0])
	p.data = p.data[1:]
	return b % n
}

func (p *pieces) of(list []string) string { return list[p.next(len(list))] }

// What is built from these is what a fuzzer would need long to find.
var (
	fuzzPaths    = []string{"/", "/a", "/a/", "/A", "/%61", "/a?b", "/a%3Fb", "/_next/data/b/a.json", "/b/_next/data/b/a.json", "/a\x00b"}
	fuzzNames    = []string{"", "d", "d\x00", "h", "h\x00/a"}
	fuzzQueries  = []string{"a=1", "a=2", "a", "b=1", "_rsc=x", "_rsc", "%5Frsc=x", "utm_a=1", "utm_b", "%75tm_a=1", "x_rsc=1", "", "a=1;b=2", "a%3D1", "+=1", "\x00"}
	fuzzHeaders  = []string{"Rsc", "Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Router-State-Tree", "Next-Url", "X-Nextjs-Data"}
	fuzzValues   = []string{"1", "2", "3", "", "/a", "/b", "/_tree", "1, 1", " /a", "html", "/a\x00/b"}
	fuzzVariants = [][]string{
		nil, asRSC, asPrefetch, asSegment,
		{"RSC", "1", "Next-Url", "/b"},
		{"RSC", "1", "Next-Router-Prefetch", "2"},
		{"RSC", "1", "Next-Router-Prefetch", "3"},
		{"RSC", "1"},
		{"RSC", "1", "Next-Router-Segment-Prefetch", "/_tree"},
		{"RSC", "1", "Next-Router-Segment-Prefetch", "/a"},
		{"RSC", "1", "Next-Url", "/a"},
	}
	fuzzIgnored  = []string{"utm_*"}
	fuzzDecision = []string{
		"s-maxage=60", "s-maxage=31536000", "stale-while-revalidate=9", "stale-while-revalidate", "stale-if-error=3", "public", "private", "no-store", "no-cache",
		"max-age=0", "max-age=600", "must-revalidate", "proxy-revalidate", "immutable", "no-transform", `private="set-cookie"`, `no-cache="x-a, public"`, "s-maxage=x", "max-age=x",
		"S-MAXAGE=5", `max-age="7"`, `a="b, private"`, "Private", "NO-STORE", "",
	}
)

// request builds a request and what its caller knows of it.
func (p *pieces) request(extra string) (*http.Request, Facts) {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}}
	f := Facts{Space: p.of(fuzzNames), Deployment: p.of(fuzzNames), Build: p.of(fuzzNames), Choice: p.of(fuzzNames), Host: p.of(fuzzNames), Path: p.of(fuzzPaths), Class: ClassPage, IgnoreQuery: fuzzIgnored, Now: now}
	var query []string
	for count := p.next(5); count > 0; count-- {
		query = append(query, p.of(fuzzQueries))
	}
	if p.next(4) == 0 && extra != "" {
		query = append(query, extra)
	}
	r.URL.RawQuery = strings.Join(query, "&")
	if p.next(8) == 0 {
		for count := p.next(5); count > 0; count-- {
			r.Header.Add(p.of(fuzzHeaders), p.of(fuzzValues))
		}
	} else {
		r.Header = fields(fuzzVariants[p.next(len(fuzzVariants))]...)
	}
	if p.next(8) == 0 && extra != "" {
		f.Path = "/" + extra
	}
	f.Variant, _ = VariantOf(r.Header, f.Path)
	if f.Variant.isPayload() {
		f.NextURL = r.Header.Get("Next-Url")
	}
	if p.next(16) == 0 {
		f.Variant = Variant(p.next(variants))
	}
	f.Data = f.Variant == VariantData || p.next(16) == 0
	return r, f
}

// reading is all that the answer of Next.js can depend on, where it is kept: another reading of NEXTJS than that of the
// key.
func reading(r *http.Request, f Facts, interceptable, known bool) []string {
	read := []string{f.Space, f.Deployment, f.Build, f.Choice, f.Host, f.Path}
	if len(r.Header["Rsc"]) == 1 && r.Header.Get("Rsc") == "1" {
		read = append(read, "payload", strings.Join(r.Header["Next-Router-Prefetch"], ","), strings.Join(r.Header["Next-Router-Segment-Prefetch"], ","))
		if interceptable {
			read = append(read, strings.Join(r.Header["Next-Url"], ","))
		}
	}
	if known {
		return read
	}
	read = append(read, "query")
	for _, pair := range strings.Split(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		ignored, _ := path.Match(fuzzIgnored[0], name)
		if pair != "" && name != "_rsc" && !ignored {
			read = append(read, name, value)
		}
	}
	return read
}

// Requests that Next.js may answer differently never have one key.
func FuzzKeyOf(f *testing.F) {
	f.Add([]byte{0, 1, 3, 1, 2, 0, 4, 1, 0, 0, 1, 1, 0, 1, 3, 1, 2, 0, 4, 1, 0, 0, 1, 1}, "x")
	f.Add([]byte{0, 0, 0, 1, 0, 1, 2, 0, 0, 1, 0, 2, 6, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 2, 6, 1, 1, 1}, "a=1&b")
	f.Fuzz(checkKeys)
}

func TestKeysOfManyRequests(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		checkKeys(t, randomBytes(random, 64), "")
	}
}

func randomBytes(random *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

func checkKeys(t *testing.T, data []byte, extra string) {
	p := &pieces{data}
	interceptable, known := p.next(2) == 0, p.next(4) == 0
	// The second request differs in a few choices.
	other := &pieces{bytes.Clone(p.data)}
	for count := 1 + p.next(3); count > 0 && len(other.data) > 0; count-- {
		at := p.next(len(other.data))
		other.data[at] = byte(p.next(256))
	}
	p.data = data[min(2, len(data)):]
	r1, f1 := p.request(extra)
	r2, f2 := other.request(extra)
	f1.KnownQuery, f2.KnownQuery = known, known
	key1, ok1 := KeyOf(r1, f1, interceptable)
	key2, ok2 := KeyOf(r2, f2, interceptable)
	if ok1 {
		deployment, host, path, query, ok := groupParts(key1.Group)
		assert.True(t, ok)
		assert.Equal(t, []string{f1.Deployment, f1.Host, f1.Path}, []string{deployment, host, path})
		assert.True(t, !known || query == "")
		again, _ := KeyOf(r1, f1, interceptable)
		assert.Equal(t, key1, again)
	}
	if !ok1 || !ok2 || key1 != key2 {
		return
	}
	one, two := reading(r1, f1, interceptable, known), reading(r2, f2, interceptable, known)
	assert.True(t, slices.Equal(one, two), "%q and %q have the key %q", one, two, key1)
}
