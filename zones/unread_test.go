package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Of zones that share all paths, the one whose folder could not be read has what nobody else names.
func TestTheZoneOfAFolderThatCannotBeRead(t *testing.T) {
	sharing := func(name string, unread ...string) *Zone {
		build := readBuild(t, buildtest.Build{
			Config: object{"assetPrefix": "/" + name}, App: map[string]string{"/" + name + "/page": "/" + name},
			Files: map[string]string{"../public/img/" + name + ".png": ""},
		})
		for _, path := range unread {
			build.Unread = append(build.Unread, nextbuild.Unread{Path: path})
		}
		return &Zone{Name: name, Claims: NewClaims(build), ByRoutes: true}
	}
	root := sharing("root")
	root.ByRoutes, root.Paths = false, []string{"/"}
	table, err := NewTable([]*Zone{root, sharing("shop", "/img", "/_next/static/css"), sharing("blog", "")})
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/img/root.png": "root", "/img/shop.png": "shop", "/img/blog.png": "blog", "/img/x.png": "shop",
		"/_next/static/css/a.css": "shop", "/_next/static/chunks/a.js": "root", "/x": "root", "/blog": "blog",
	} {
		m, ok := table.Find("", path)
		require.True(t, ok, path)
		assert.Equal(t, want, m.Zone.Name, path)
	}
}
