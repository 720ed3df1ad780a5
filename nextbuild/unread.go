package nextbuild

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// Unread is a folder of files, or a link among them, that could not be read: this process may not, or the disk fails.
// Only Next.js can say what is there.
type Unread struct {
	// Path is its URL path, encoded like those of files: "" for the public folder, "/_next/static" for the build's own.
	Path string
	// Err names it on the disk.
	Err error
}

// IsUnread reports whether a path below the basePath is one that could not be read, or below one. It is encoded as the
// paths of files are.
func (b *Build) IsUnread(path string) bool {
	for _, unread := range b.Unread {
		rest, found := strings.CutPrefix(path, unread.Path)
		switch {
		case !found, rest != "" && rest[0] != '/':
		case unread.Path != "", !strings.HasPrefix(path, "/_next/"): // which no public folder has
			return true
		}
	}
	return false
}

// listReadable is listFiles, but for what cannot be read.
func listReadable(dir, prefix string) (paths []string, unread []Unread, err error) {
	paths, err = walkFiles(dir, prefix, func(file string, err error) error {
		if isPassing(err) {
			return err
		}
		name, relErr := filepath.Rel(dir, file)
		if relErr != nil {
			return relErr
		}
		path := prefix
		if name != "." {
			path += "/" + encodeSegments(filepath.ToSlash(name))
		}
		unread = append(unread, Unread{path, err})
		return nil
	})
	return paths, unread, err
}

// isPassing reports whether an error says that files are being replaced, or that the process is short of something:
// later there is none.
func isPassing(err error) bool {
	for _, passing := range []error{fs.ErrNotExist, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
