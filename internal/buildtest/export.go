package buildtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Page is a page as exports have them, whose files lie below prefix.
func Page(prefix, text string) string {
	return fmt.Sprintf(`<!DOCTYPE html><html><head><link rel="preload" as="script" href="%[1]s/_next/static/chunks/a.js?dpl=1"/>`+
		`<script src="%[1]s/_next/static/chunks/a.js?dpl=1" async=""></script></head><body>%[2]s</body></html>`, prefix, text)
}

// WriteExport writes the export of an application with the pages / and for what is not found into dir, and more files.
func WriteExport(t testing.TB, dir, id string, more map[string]string) {
	t.Helper()
	files := map[string]string{
		"index.html": Page("", "home of "+id), "index.txt": "0:home", "404.html": Page("", "nothing here"),
		"_next/static/" + id + "/_buildManifest.js": "m", "_next/static/chunks/a.js": "a",
	}
	maps.Copy(files, more)
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
}
