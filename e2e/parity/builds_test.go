//go:build e2e

package parity_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestTheBuildsOfEachVersionAreRead(t *testing.T) {
	set := harness.Fixtures(t)
	for _, c := range []struct {
		*harness.Fixture
		version, basePath, assetPath string
		actions, middleware          int
	}{
		{set.Next14, "14.2.35", "", "/legacy-static", 0, 5},
		{set.Next15, "15.5.28", "/market", "/market-files", 0, 2},
		{set.Next16, "16.4.5", "", "/atlas-static", 3, 4},
		{set.Monorepo, "16.4.5", "/depot", "", 0, 5},
	} {
		t.Run(c.Zone, func(t *testing.T) {
			// Wherever it is read from, it is the same.
			app := c.Dir
			if c.Fixture == set.Monorepo {
				app = filepath.Join(c.Dir, "apps", "web")
			}
			for _, dir := range []string{app, filepath.Join(app, ".next")} {
				other, err := nextbuild.Read(dir)
				require.NoError(t, err)
				require.Equal(t, c.Build.Config, other.Config)
				require.Equal(t, c.Build.Routes, other.Routes)
				require.Equal(t, c.Build.Static, other.Static)
				require.Equal(t, c.Build.Public, other.Public)
				require.Equal(t, c.Build.PreviewID, other.PreviewID)
			}
			b := c.Build
			require.Equal(t, c.version, b.NextVersion)
			require.Equal(t, c.basePath, b.BasePath)
			require.Equal(t, c.assetPath, b.AssetPath())
			require.Len(t, b.Actions, c.actions)
			require.GreaterOrEqual(t, len(b.Middleware), c.middleware)
			require.NotEmpty(t, b.Static)
			require.Contains(t, b.Public, "/files/caf%C3%A9%20menu.txt")
			require.Contains(t, b.Routes, "/items/[slug]")
			require.NotEmpty(t, b.Prerenders)
			require.NotEmpty(t, b.Images.DeviceSizes)
			require.NotEmpty(t, b.Redirects)
		})
	}
	require.Equal(t, set.Next16.Build.ID, set.Monorepo.Build.ID, "two zones with a deployment id share the build id")
	require.Equal(t, "fixture-1", set.Next16.Build.DeploymentID)
	require.True(t, set.Next15.Build.TrailingSlash)
	require.Equal(t, "en", set.Monorepo.Build.I18n.DefaultLocale)
	require.Contains(t, set.Next16.Build.Prerenders["/items/one"].Tags, "_N_T_/items/one")
	require.Equal(t, time.Hour, set.Next16.Build.Prerenders["/items/one"].Revalidate)
}
