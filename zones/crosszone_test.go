package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLeaves(t *testing.T) {
	home := &Zone{Name: "home", Paths: []string{"/"}}
	blog := &Zone{Name: "blog", Paths: []string{"/blog", "/notes"}}
	shop := &Zone{Name: "shop", Paths: []string{"/shop"}, Hosts: []string{"example.com", "www.example.com"}}
	admin := &Zone{Name: "admin", Paths: []string{"/admin"}}
	areOneApp(home, admin)
	list := []*Zone{home, blog, shop, admin}
	for _, c := range []struct {
		kind          Kind
		path, referer string
		want          bool
	}{
		{KindRSC, "/blog/a", "https://example.com/about", true},
		{KindPrefetch, "/blog/a", "https://example.com/about?x=/blog", true},
		{KindSegment, "/blog/a", "http://example.com/about", true},
		{KindRSC, "/about", "https://example.com/blog/a", true},
		{KindRSC, "/shop", "https://EXAMPLE.com/blog/a", true},
		{KindRSC, "/about", "https://example.com//blog/a", true},

		{KindDocument, "/blog/a", "https://example.com/about", false},
		{KindAction, "/blog/a", "https://example.com/about", false},
		{KindData, "/blog/a", "https://example.com/about", false},
		{KindAPI, "/blog/a", "https://example.com/about", false},
		{KindUpgrade, "/blog/a", "https://example.com/about", false},

		{KindRSC, "/blog/a", "", false},
		{KindRSC, "/blog/a", "/about", false},
		{KindRSC, "/blog/a", "about:client", false},
		{KindRSC, "/blog/a", "https://example.com", false},
		{KindRSC, "/blog/a", "https://other.example/about", false},
		{KindRSC, "/blog/a", "https://example.com:8443/about", false},
		{KindRSC, "/blog/a", "android-app://example.com/about", false},
		// One application.
		{KindRSC, "/blog/a", "https://example.com/blog", false},
		{KindRSC, "/notes/a", "https://example.com/blog/b", false},
		{KindRSC, "/about", "https://example.com/visit", false},
		{KindRSC, "/admin", "https://example.com/about", false},
		{KindRSC, "/about", "https://example.com/admin", false},
		// The start page, or a page that does not say which.
		{KindRSC, "/blog/a", "https://example.com/", false},
	} {
		table := tableOf(t, list...)
		m, _ := table.Find("example.com", c.path)
		r := request("GET " + c.path)
		r.Host = "example.com"
		if c.referer != "" {
			r.Header.Set("Referer", c.referer)
		}
		crossings := NewCrossings(table, list)
		assert.Equal(t, c.want, crossings.FromOtherApp(r, c.kind, m.Zone), "%s %s from %s", c.kind, c.path, c.referer)
	}
}

// Under Referrer-Policy "origin" every page of the blog says "/". The edge must not take them for the start page.
func TestTheStartPageCountsOncePagesWereSeenToSendTheirPath(t *testing.T) {
	home, blog := &Zone{Name: "home", Paths: []string{"/"}}, &Zone{Name: "blog", Paths: []string{"/blog"}}
	list := []*Zone{home, blog}
	crossings := NewCrossings(tableOf(t, list...), list)
	leaves := func(referer string, to *Zone) bool {
		r := request("GET /x", "Referer: https://example.com"+referer)
		r.Host = "example.com"
		return crossings.FromOtherApp(r, KindRSC, to)
	}
	assert.False(t, leaves("/", blog))
	assert.False(t, leaves("/", home))
	assert.False(t, leaves("/", blog))
	assert.False(t, leaves("/blog", blog), "a page of the blog that sends its path")
	assert.True(t, leaves("/", blog))
	assert.False(t, leaves("/", home))
}

func TestASingleZoneIsNotLeft(t *testing.T) {
	home := &Zone{Name: "home", Paths: []string{"/"}}
	r := request("GET /x", "Referer: https://example.com/about")
	r.Host = "example.com"
	assert.False(t, NewCrossings(tableOf(t, home), []*Zone{home}).FromOtherApp(r, KindRSC, home))
}

func TestLeavesAllocatesNothing(t *testing.T) {
	home, blog := &Zone{Name: "home", Paths: []string{"/"}}, &Zone{Name: "blog", Paths: []string{"/blog"}}
	list := []*Zone{home, blog}
	crossings := NewCrossings(tableOf(t, list...), list)
	r := request("GET /blog/a", "Referer: https://example.com/about")
	r.Host = "example.com"
	assert.Zero(t, testing.AllocsPerRun(100, func() { crossings.FromOtherApp(r, KindRSC, blog) }))
}

// areOneApp tells two zones that one application answers for both.
func areOneApp(a, b *Zone) {
	a.Siblings, b.Siblings = append(a.Siblings, b), append(b.Siblings, a)
}
