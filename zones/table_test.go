package zones

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

func tableOf(t testing.TB, list ...*Zone) *Table {
	t.Helper()
	table, err := NewTable(list)
	require.NoError(t, err)
	return table
}

func TestFindTakesTheLongestPrefixOnSegmentBoundaries(t *testing.T) {
	table := tableOf(t,
		&Zone{Name: "root", Paths: []string{"/"}},
		&Zone{Name: "blog", Paths: []string{"/blog", "/blog-assets/_next"}},
		&Zone{Name: "drafts", Paths: []string{"/blog/drafts/"}},
		&Zone{Name: "deep", Paths: []string{"/a/b/c/d"}},
	)
	for _, c := range []struct {
		path, zone, below string
		asWritten         bool
	}{
		{"/", "root", "/", true},
		{"/about", "root", "/about", true},
		{"/blog", "blog", "", true},
		{"/blog/", "blog", "/", true},
		{"/blog/a", "blog", "/a", true},
		{"/blogs", "root", "/blogs", true},
		{"/blog-assets", "root", "/blog-assets", true},
		{"/blog-assets/x", "root", "/blog-assets/x", true},
		{"/blog-assets/_next/static/a.js", "blog", "/_next/static/a.js", true},
		{"/blog/drafts", "drafts", "", true},
		{"/blog/drafts/1", "drafts", "/1", true},
		{"/blog/draftsman", "blog", "/draftsman", true},
		{"/a/b/c", "root", "/a/b/c", true},
		{"/a/b/c/d/e/f/g", "deep", "/e/f/g", true},
		{"/Blog", "root", "/Blog", true},
		{"/blog%2Fa", "root", "/blog%2Fa", true},
		{"/%62log", "root", "/%62log", true},
		{"//blog", "blog", "", false},
		{`/blog\a`, "blog", "/a", false},
		{"/blog/../about", "root", "/about", false},
		{"/x/%2e%2e/blog/a", "blog", "/a", false},
		{"/blog#x", "blog", "", false},
		{"*", "root", "*", true},
		{"", "root", "", true},
	} {
		m, ok := table.Find("example.com", c.path)
		require.True(t, ok, c.path)
		assert.Equal(t, c.zone, m.Zone.Name, c.path)
		assert.Equal(t, c.below, m.Path, c.path)
		assert.Equal(t, c.asWritten, m.AsWritten, c.path)
	}
}

func TestFindWithoutDefaultZone(t *testing.T) {
	table := tableOf(t, &Zone{Name: "blog", Paths: []string{"/blog"}})
	for _, path := range []string{"/", "/about", "/blogs", "", "*"} {
		_, ok := table.Find("example.com", path)
		assert.False(t, ok, path)
	}
}

func TestFindByHost(t *testing.T) {
	table := tableOf(t,
		&Zone{Name: "docs", Paths: []string{"/"}, Hosts: []string{"docs.example.com"}},
		&Zone{Name: "tenant", Paths: []string{"/"}, Hosts: []string{"*.example.com"}},
		&Zone{Name: "admin", Paths: []string{"/admin"}, Hosts: []string{"Example.com", "münchen.example"}},
		&Zone{Name: "blog", Paths: []string{"/blog"}},
		&Zone{Name: "root", Paths: []string{"/"}},
	)
	for _, c := range []struct{ host, path, zone string }{
		{"docs.example.com", "/", "docs"},
		{"DOCS.example.com:8443", "/blog", "docs"},
		{"docs.example.com.", "/", "docs"},
		{"a.example.com", "/", "tenant"},
		{"a.b.example.com", "/", "root"},
		{"example.com", "/admin/x", "admin"},
		{"example.com:80", "/blog", "blog"},
		{"xn--mnchen-3ya.example", "/admin", "admin"},
		{"other.org", "/admin", "root"},
		{"[::1]:8080", "/", "root"},
		{"", "/", "root"},
	} {
		m, ok := table.Find(c.host, c.path)
		require.True(t, ok, c.host)
		assert.Equal(t, c.zone, m.Zone.Name, "%s%s", c.host, c.path)
	}
}

func TestNewTableRefusesWhatCannotStandSideBySide(t *testing.T) {
	for _, c := range []struct {
		message string
		zones   []*Zone
	}{
		{"zones a and b both claim /blog", []*Zone{{Name: "a", Paths: []string{"/blog"}}, {Name: "b", Paths: []string{"/blog/"}}}},
		{"zones a and b both claim /", []*Zone{{Name: "a", Paths: []string{"/"}}, {Name: "b", Paths: []string{"/x", "/"}}}},
		{"both claim / on host x.org", []*Zone{
			{Name: "a", Paths: []string{"/"}, Hosts: []string{"x.org"}}, {Name: "b", Paths: []string{"/"}, Hosts: []string{"y.org", "x.org"}},
		}},
		{`two zones are named "a"`, []*Zone{{Name: "a", Paths: []string{"/x"}}, {Name: "a", Paths: []string{"/y"}}}},
		{`zone a: path "blog"`, []*Zone{{Name: "a", Paths: []string{"blog"}}}},
		{`zone a: host "x.org:80"`, []*Zone{{Name: "a", Paths: []string{"/"}, Hosts: []string{"x.org:80"}}}},
		{`zone a: host "*"`, []*Zone{{Name: "a", Paths: []string{"/"}, Hosts: []string{"*"}}}},
	} {
		_, err := NewTable(c.zones)
		assert.ErrorContains(t, err, c.message)
	}
	_, err := NewTable([]*Zone{
		{Name: "a", Paths: []string{"/"}, Hosts: []string{"x.org"}},
		{Name: "b", Paths: []string{"/"}, Hosts: []string{"y.org"}},
		{Name: "c", Paths: []string{"/", "/"}},
	})
	assert.NoError(t, err)
}

// FuzzFind compares the table with the plainest way to say the same: the longest claimed prefix on a segment boundary.
func FuzzFind(f *testing.F) {
	prefixes := []string{"/", "/blog", "/blog/drafts", "/shop", "/a/b/c"}
	zones := make([]*Zone, len(prefixes))
	for i, prefix := range prefixes {
		zones[i] = &Zone{Name: prefix, Paths: []string{prefix}}
	}
	table := tableOf(f, zones...)
	for _, seed := range []string{"/", "/blog/x", "/blogs", "/a/b/c/../d", "//shop", "", "*"} {
		f.Add("example.com", seed)
	}
	f.Fuzz(func(t *testing.T, host, path string) {
		canonical, _ := spelling.CanonicalPath(path)
		want := "/"
		for _, prefix := range prefixes[1:] {
			if (canonical == prefix || strings.HasPrefix(canonical, prefix+"/")) && len(prefix) > len(want) {
				want = prefix
			}
		}
		m, ok := table.Find(host, path)
		require.True(t, ok)
		assert.Equal(t, want, m.Zone.Name, path)
	})
}

func BenchmarkFind(b *testing.B) {
	for _, count := range []int{3, 200} {
		zones := []*Zone{{Name: "root", Paths: []string{"/"}}}
		for i := range count {
			zones = append(zones, &Zone{Name: fmt.Sprint(i), Paths: []string{fmt.Sprintf("/zone-%03d", i)}})
		}
		table := tableOf(b, zones...)
		b.Run(fmt.Sprintf("%d zones", count), func(b *testing.B) {
			for b.Loop() {
				if _, ok := table.Find("example.com", "/zone-002/some/page"); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}
