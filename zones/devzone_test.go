package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestNothingThatNextDevMayServeIsRefused(t *testing.T) {
	for path, dev := range map[string]bool{"/sheet.rsc": true, "/a.segments/b": true} {
		r := request("GET " + path)
		assert.Equal(t, KindRefused, KindOf(r, Match{Zone: new(Zone), Path: path, Target: rules.Target{AsWritten: true}}))
		assert.Equal(t, KindDocument, KindOf(r, Match{Zone: &Zone{Dev: dev}, Path: path, Target: rules.Target{AsWritten: true}}))
	}
	r := request("GET /")
	r.URL.Scheme, r.URL.Host = "http", "evil.example"
	assert.Equal(t, KindRefused, KindOf(r, Match{Zone: &Zone{Dev: true}, Path: "/"}), "the edge is no forward proxy in development either")
}

// The overlay and the dev tools ask at the root of the site, whatever the basePath of their page is.
func TestDevEndpointsAtTheRootBelongToTheZoneOfThePage(t *testing.T) {
	root, other := &Zone{Name: "root", Paths: []string{"/"}, Dev: true}, &Zone{Name: "shop", Paths: []string{"/shop"}}
	blog := &Zone{Name: "blog", Paths: []string{"/blog", "/blog-assets"}, Dev: true}
	for _, c := range []struct {
		list          []*Zone
		path, referer string
		zone          string // empty: 404
		below         string
	}{
		{[]*Zone{root, blog, other}, "/__nextjs_original-stack-frames", "/blog/a", "blog", "/__nextjs_original-stack-frames"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/blog-assets/_next/static/a.css", "blog", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/_next/image", "/blog", "blog", "/_next/image"},
		{[]*Zone{root, blog, other}, "/_next/data/development/blog.json", "/blog", "blog", "/_next/data/development/blog.json"},
		{[]*Zone{root, blog, other}, "/_next/static/a.js", "/blog", "root", "/_next/static/a.js"},
		{[]*Zone{root, blog, other}, "/_nextfile", "/blog", "root", "/_nextfile"},
		{[]*Zone{root, blog, other}, "/about", "/blog", "root", "/about"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/about", "root", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "", "root", "/__nextjs_font/a.woff2"},
		// The shop is no dev server, and asks for nothing of that kind.
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/shop/a", "root", "/__nextjs_font/a.woff2"},
		// What stands below a path is told by it.
		{[]*Zone{root, blog, other}, "/shop/__nextjs_font/a.woff2", "/blog", "shop", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/blog-assets/_next/hmr", "/about", "blog", "/_next/hmr"},
		// A site that nobody holds the root of.
		{[]*Zone{blog, other}, "/__nextjs_original-stack-frames", "/blog", "blog", "/__nextjs_original-stack-frames"},
		{[]*Zone{blog, other}, "/__nextjs_original-stack-frames", "/shop", "", ""},
		{[]*Zone{blog, other}, "/about", "/blog", "", ""},
	} {
		table := tableOf(t, c.list...)
		r := devRequest(true, "app.lan", c.path)
		if c.referer != "" {
			r.Header.Set("Referer", "https://app.lan"+c.referer)
		}
		m, ok := table.FindRequest(r)
		require.Equal(t, c.zone != "", ok, "%s from %s", c.path, c.referer)
		if ok {
			assert.Equal(t, c.zone, m.Zone.Name, "%s from %s", c.path, c.referer)
			assert.Equal(t, c.below, m.Path)
			assert.True(t, m.AsWritten)
		}
	}

	r := devRequest(true, "app.lan", "/__nextjs_font/a.woff2", "Referer: https://evil.example/blog")
	m, ok := tableOf(t, root, blog).FindRequest(r)
	require.True(t, ok)
	assert.Equal(t, "root", m.Zone.Name, "a page of another site says nothing of the zone")
}
