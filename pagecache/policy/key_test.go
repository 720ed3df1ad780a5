package policy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

func keyOf(t *testing.T, r *http.Request, f Facts, interceptable bool) blobstore.Key {
	t.Helper()
	key, ok := KeyOf(r, f, interceptable)
	require.True(t, ok, "%s %q", r.URL, r.Header)
	return key
}

func TestVariantsOfAPageAreOneGroup(t *testing.T) {
	names := map[string]string{}
	group := ""
	for _, headers := range [][]string{
		nil,
		{"RSC", "1"},
		{"RSC", "1", "Next-Router-Prefetch", "1"},
		{"RSC", "1", "Next-Router-Prefetch", "2"},
		{"RSC", "1", "Next-Router-Prefetch", "3"},
		{"RSC", "1", "Next-Router-Segment-Prefetch", "/_tree"},
		{"RSC", "1", "Next-Router-Segment-Prefetch", "/a/__PAGE__"},
		{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"},
	} {
		r := asking("/a", headers...)
		key := keyOf(t, r, ofPage(r), false)
		assert.Equal(t, "zone", key.Space)
		if group == "" {
			group = key.Group
		}
		assert.Equal(t, group, key.Group)
		before, found := names[key.Name]
		assert.False(t, found, "%q has the name of %s", headers, before)
		names[key.Name] = strings.Join(headers, " ")
	}
	r := asking("/_next/data/build/a.json")
	assert.Equal(t, "data", keyOf(t, r, ofPage(r), false).Name)
	f := ofPage(r)
	f.Variant = VariantHTML // Data says it too
	assert.Equal(t, "data", keyOf(t, r, f, false).Name)
}

func TestWhatHasNoPartInAKey(t *testing.T) {
	plain := asking("/a?x=1", "RSC", "1")
	want := keyOf(t, plain, ofPage(plain), false)
	for _, r := range []*http.Request{
		asking("/a?x=1&_rsc=abcde", "RSC", "1"),
		asking("/a?_rsc=abcde&x=1&_rsc", "RSC", "1"),
		asking("/a?x=1", "RSC", "1", "Next-Router-State-Tree", strings.Repeat("tree", 5000)),
		asking("/a?x=1", "RSC", "1", "Next-Url", "/b"),
		asking("/a?x=1", "RSC", "1", "Cookie", "a=b", "User-Agent", "c", "Accept-Encoding", "br", "Cache-Control", "no-cache"),
	} {
		assert.Equal(t, want, keyOf(t, r, ofPage(r), false), "%s %q", r.URL, r.Header)
	}
	head := asking("/a?x=1", "RSC", "1")
	head.Method = http.MethodHead
	assert.Equal(t, want, keyOf(t, head, ofPage(head), false))
}

func TestWhatHasAPartInAKey(t *testing.T) {
	r := asking("/a?x=1")
	keys := map[blobstore.Key]string{}
	add := func(what string, r *http.Request, change func(*Facts), interceptable bool) {
		f := ofPage(r)
		change(&f)
		key := keyOf(t, r, f, interceptable)
		assert.Empty(t, keys[key], "%s", what)
		keys[key] = what
	}
	same := func(*Facts) {}
	add("itself", r, same, false)
	add("space", r, func(f *Facts) { f.Space = "other" }, false)
	add("deployment", r, func(f *Facts) { f.Deployment = "dpl-2" }, false)
	add("host", r, func(f *Facts) { f.Host = "a.test" }, false)
	add("path", r, func(f *Facts) { f.Path = "/a%20" }, false)
	add("slash", r, func(f *Facts) { f.Path = "/a/" }, false)
	add("case", r, func(f *Facts) { f.Path = "/A" }, false)
	add("no query", asking("/a"), same, false)
	add("value", asking("/a?x=2"), same, false)
	add("order", asking("/a?x=1&x=0"), same, false)
	add("other order", asking("/a?x=0&x=1"), same, false)
	add("spelling", asking("/a?%78=1"), same, false)
	add("empty", asking("/a?x=1&"), same, false)
	add("rsc of another name", asking("/a?x=1&x_rsc=1"), same, false)
	add("next-url", asking("/a?x=1", "RSC", "1", "Next-Url", "/b"), same, true)
	add("other next-url", asking("/a?x=1", "RSC", "1", "Next-Url", "/c"), same, true)
	add("no next-url", asking("/a?x=1", "RSC", "1"), same, true)
}

func TestQueryOfAKey(t *testing.T) {
	for _, c := range []struct {
		query, kept string
		ignored     []string
		known       bool
	}{
		{"", "", nil, false},
		{"b=2&a=1&b=1", "b=2&a=1&b=1", nil, false},
		{"_rsc=1", "", nil, false},
		{"_rsc", "", nil, false},
		{"a=_rsc", "a=_rsc", nil, false},
		{"a&_rsc=1&b", "a&b", nil, false},
		{"%5Frsc=1", "%5Frsc=1", nil, false},
		{"utm_source=x&a=1&gclid=2&UTM_x=3", "a=1&UTM_x=3", []string{"utm_*", "gclid"}, false},
		{"utm_a&utm_b=", "", []string{"utm_*"}, false},
		{"gclids=1", "gclids=1", []string{"gclid"}, false},
		{"a=1&b=2", "", []string{"*"}, false},
		{"a=1&_rsc=2", "", nil, true},
	} {
		r := asking("/p?" + c.query)
		f := ofPage(r)
		f.IgnoreQuery, f.KnownQuery = c.ignored, c.known
		deployment, host, path, query, ok := groupParts(keyOf(t, r, f, false).Group)
		require.True(t, ok)
		assert.Equal(t, []string{"dpl-1", "", "/p", c.kept}, []string{deployment, host, path, query}, "%s", c.query)
	}
}

func TestNothingIsKeptUnderThese(t *testing.T) {
	long := strings.Repeat("a", maxKey)
	r := asking("/a")
	for what, change := range map[string]func(*Facts){
		"path of two":            func(f *Facts) { f.Path = "/a?b" },
		"no path":                func(f *Facts) { f.Path = "" },
		"NUL in the path":        func(f *Facts) { f.Path = "/a\x00b" },
		"NUL in the host":        func(f *Facts) { f.Host = "a\x00b" },
		"NUL in the id":          func(f *Facts) { f.Deployment = "a\x00b" },
		"long path":              func(f *Facts) { f.Path = "/" + long },
		"not of the headers":     func(f *Facts) { f.Variant = VariantRSC },
		"URL not of the headers": func(f *Facts) { f.NextURL = "/b" },
	} {
		f := ofPage(r)
		change(&f)
		_, ok := KeyOf(r, f, false)
		assert.False(t, ok, what)
	}
	for _, r := range []*http.Request{
		asking("/a?" + long), asking("/a", "RSC", "1", "Next-Router-Segment-Prefetch", "/"+long), asking("/a", "RSC", "x"), asking("/a", "Next-Url", "/b"),
	} {
		_, ok := KeyOf(r, ofPage(r), false)
		assert.False(t, ok, "%s", r.URL)
	}
	// A payload whose Next-Url the caller has not taken over would be kept for all.
	forgotten := asking("/a", "RSC", "1", "Next-Url", "/b")
	f := ofPage(forgotten)
	f.NextURL = ""
	_, ok := KeyOf(forgotten, f, true)
	assert.False(t, ok)
}

func TestPageOf(t *testing.T) {
	for _, group := range []string{"", "a", "a\x00b", "a\x00b\x00", "a\x00b\x00c"} {
		_, _, _, _, ok := groupParts(group)
		assert.False(t, ok, "%q", group)
	}
	deployment, host, path, query, ok := groupParts("/a?b?c\x00h\x00")
	assert.True(t, ok)
	assert.Equal(t, []string{"", "h", "/a", "b?c"}, []string{deployment, host, path, query})
}

func TestCheckIgnoreQuery(t *testing.T) {
	for _, glob := range []string{"utm_*", "gclid", "[ab]?", "*"} {
		assert.NoError(t, CheckIgnoreQuery(glob))
	}
	for _, glob := range []string{"", "[a", "a=b", "a&b"} {
		assert.Error(t, CheckIgnoreQuery(glob), glob)
	}
}

func BenchmarkKeyOf(b *testing.B) {
	r := asking("/notes/quiet-harbour?page=2&_rsc=abcde", "RSC", "1", "Next-Router-State-Tree", "%5B%5D", "Cookie", "theme=dark; session=abcdef")
	f := ofPage(r)
	b.ReportAllocs()
	for b.Loop() {
		if ForRequest(r, f) != "" {
			b.Fatal("the request passes by the cache")
		}
		if _, ok := KeyOf(r, f, false); !ok {
			b.Fatal("the request has no key")
		}
	}
}

// groupParts is the inverse of KeyOf for the group of a key.
func groupParts(group string) (deployment, host, path, query string, ok bool) {
	page, rest, ok := strings.Cut(group, Separator)
	if !ok {
		return "", "", "", "", false
	}
	host, rest, ok = strings.Cut(rest, Separator)
	deployment, _, _ = strings.Cut(rest, Separator)
	path, query, _ = strings.Cut(page, "?")
	return deployment, host, path, query, ok && isPath(path)
}
