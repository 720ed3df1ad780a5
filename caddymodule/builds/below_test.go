package builds

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhichDirectoriesAreBelowOthers(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	in := func(path string) string { return root + "/" + path }
	for _, dir := range []string{"builds/42/.next", "builds-of-others/1", "etc", "nfs/7"} {
		require.NoError(t, os.MkdirAll(in(dir), 0o755))
	}
	for link, to := range map[string]string{"builds/current": "42", "builds/out": "../etc", "mounted": "nfs", "by-link": "builds"} {
		require.NoError(t, os.Symlink(to, in(link)))
	}
	t.Chdir(root)
	for _, c := range []struct {
		dir   string
		roots []string
		below bool
	}{
		{in("builds/42"), []string{in("builds")}, true},
		{in("builds/42/.next"), []string{in("builds/")}, true},
		{in("builds/42/../42/"), []string{in("builds")}, true},
		{in("builds/current"), []string{in("builds")}, true},
		{in("by-link/42"), []string{in("builds")}, true},
		{in("builds/42"), []string{in("by-link")}, true},
		{in("mounted/7"), []string{in("etc"), in("mounted")}, true},
		{in("builds/42"), []string{"/"}, true},

		{in("builds"), []string{in("builds")}, false},
		{in("by-link"), []string{in("builds")}, false},
		{"/", []string{"/"}, false},
		{in("builds-of-others/1"), []string{in("builds")}, false},
		{in("builds/../etc"), []string{in("builds")}, false},
		{in("builds/out"), []string{in("builds")}, false}, // a link that leads out
		{in("builds/nothing"), []string{in("builds")}, false},
		{in("builds/42"), []string{in("nothing")}, false},
		{"builds/42", []string{in("builds")}, false},
		{in("builds/42"), []string{"builds"}, false},
		{"", []string{in("builds")}, false},
		{in("builds/42"), nil, false},
	} {
		assert.Equal(t, c.below, IsBelow(c.dir, c.roots), "%q below %q", c.dir, c.roots)
	}
}
