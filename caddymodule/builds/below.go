package builds

import (
	"path/filepath"
	"strings"
)

// IsBelow reports whether a directory is below one of others. All are absolute, and links count as where they lead to
// at this moment; a directory that is not there is below none, and none is below itself.
func IsBelow(dir string, roots []string) bool {
	dir, ok := realPath(dir)
	if !ok {
		return false
	}
	for _, root := range roots {
		root, ok := realPath(root)
		if ok && dir != root && strings.HasPrefix(dir, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// realPath returns where an absolute path leads to; false if it is not absolute, or leads nowhere.
func realPath(path string) (string, bool) {
	if !filepath.IsAbs(path) {
		return "", false
	}
	leads, err := filepath.EvalSymlinks(path)
	return leads, err == nil
}
