package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Among zones without basePath an export has what it names: payloads of its pages too, but not those of the front page.
func TestAnExportClaimsItsPayloads(t *testing.T) {
	b := readBuild(t, buildtest.Build{
		ID: "abc", Config: object{"assetPrefix": "/files"}, App: map[string]string{"/page": "/", "/about/page": "/about"},
	})
	e := &nextbuild.Export{NotFound: "/404.html", Files: []string{
		"/index.html", "/index.txt", "/404.html", "/about.html", "/about.txt", "/about/__next._tree.txt",
		"/items/one/__next.items.%24d%24slug.__PAGE__.txt", "/certificate", "/_next/static/chunks/a.js",
	}}
	export := &Zone{Name: "export", Paths: []string{"/files/_next"}, ByRoutes: true, Claims: NewExportClaims(b, e)}
	table, err := NewTable([]*Zone{{Name: "root", Paths: []string{"/"}}, export})
	require.NoError(t, err)
	for path, zone := range map[string]string{
		"/about": "export", "/about.txt": "export", "/about/__next._tree.txt": "export", "/items/one/__next.items.$d$slug.__PAGE__.txt": "export", "/certificate": "export",
		"/": "root", "/index.txt": "root", "/404.html": "root", "/other.txt": "root", "/_next/static/chunks/b.js": "root", "/_next/static/chunks/a.js": "export",
	} {
		m, ok := table.Find("", path)
		require.True(t, ok)
		assert.Equal(t, zone, m.Zone.Name, path)
	}
}
