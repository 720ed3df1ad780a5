package nextbuild

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// application is a build with files in several folders.
func application(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	buildtest.Write(t, filepath.Join(root, ".next"), buildtest.Build{Files: map[string]string{
		"build-manifest.json":   `{"rootMainFiles": ["static/chunks/main.js"]}`,
		"static/chunks/main.js": "", "static/css/a.css": "",
		"../public/a.txt": "", "../public/my folder/b.txt": "", "../public/img/c.png": "",
	}})
	return root
}

func TestFoldersThatCannotBeReadAreLeftToNext(t *testing.T) {
	const chunk, css = "/_next/static/chunks/main.js", "/_next/static/css/a.css"
	public := []string{"/a.txt", "/img/c.png", "/my%20folder/b.txt"}
	for _, c := range []struct {
		folder         string
		mode           fs.FileMode
		unread         string
		static, public []string
	}{
		{"public/my folder", 0, "/my%20folder", []string{chunk, css}, []string{"/a.txt", "/img/c.png"}},
		{"public/my folder", 0o111, "/my%20folder", []string{chunk, css}, []string{"/a.txt", "/img/c.png"}},
		{"public", 0, "", []string{chunk, css}, nil},
		{".next/static/css", 0, "/_next/static/css", []string{chunk}, public},
		{".next/static/chunks", 0, "/_next/static/chunks", []string{css}, public},
		{".next/static", 0, "/_next/static", nil, public},
	} {
		root := application(t)
		buildtest.Lock(t, root, c.mode, c.folder)
		buildtest.AsReader(t, func() {
			b, err := Read(root)
			require.NoError(t, err, c.folder)
			assert.Equal(t, c.static, b.Static, c.folder)
			assert.Equal(t, c.public, b.Public, c.folder)
			require.Len(t, b.Unread, 1, c.folder)
			assert.Equal(t, c.unread, b.Unread[0].Path)
			require.ErrorIs(t, b.Unread[0].Err, fs.ErrPermission)
			require.ErrorContains(t, b.Unread[0].Err, filepath.Join(root, c.folder), "it is named")
			assert.Equal(t, c.folder == ".next/static", b.StaticDir == "")
			assert.Equal(t, c.folder == "public", b.PublicDir == "")
		})
	}
}

func TestManifestsAndExportsMustBeReadable(t *testing.T) {
	root := application(t)
	buildtest.Lock(t, root, 0, ".next/server")
	buildtest.AsReader(t, func() {
		_, err := Read(root)
		require.ErrorIs(t, err, fs.ErrPermission)
	})
	export := t.TempDir()
	buildtest.WriteExport(t, export, "x", map[string]string{"img/a.png": ""})
	buildtest.Lock(t, export, 0, "img")
	buildtest.AsReader(t, func() {
		_, err := ReadExport(export)
		require.ErrorIs(t, err, fs.ErrPermission)
	})
}

func TestALinkInACircleIsLeftToNext(t *testing.T) {
	root := application(t)
	require.NoError(t, os.Symlink("circle", filepath.Join(root, "public", "circle")))
	require.NoError(t, os.Symlink("nothing", filepath.Join(root, "public", "dangling")))
	b, err := Read(root)
	require.NoError(t, err)
	assert.Equal(t, []string{"/a.txt", "/img/c.png", "/my%20folder/b.txt"}, b.Public)
	require.Len(t, b.Unread, 1)
	assert.Equal(t, "/circle", b.Unread[0].Path)
}

func TestWhatIsBelowAFolderThatCannotBeRead(t *testing.T) {
	some := &Build{Unread: []Unread{{Path: "/img"}, {Path: "/_next/static/css"}}}
	all := &Build{Unread: []Unread{{Path: ""}}}
	for path, want := range map[string][2]bool{
		"/img": {true, true}, "/img/a/b.png": {true, true}, "/images": {false, true}, "/": {false, true},
		"/_next/static/css/a.css": {true, false}, "/_next/static/chunks/a.js": {false, false}, "/_next/image": {false, false},
	} {
		assert.Equal(t, want, [2]bool{some.IsUnread(path), all.IsUnread(path)}, path)
	}
	assert.False(t, new(Build).IsUnread("/img"))
}
