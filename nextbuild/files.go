package nextbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// readFiles lists the files that the build and the application's public folder bring. It refuses a build whose static
// files have not all arrived. A folder that cannot be read is noted.
func (b *Build) readFiles(m manifests, p place) error {
	for _, home := range p.homes(b.DistDir) {
		if b.StaticDir == "" {
			b.StaticDir = existing(filepath.Join(home.dist, "static"))
		}
		if b.PublicDir == "" && home.root != "" {
			b.PublicDir = existing(filepath.Join(home.root, "public"))
		}
	}
	for _, part := range []struct {
		dir    *string
		prefix string
		paths  *[]string
	}{{&b.StaticDir, staticPrefix, &b.Static}, {&b.PublicDir, "", &b.Public}} {
		if *part.dir == "" {
			continue
		}
		paths, unread, err := listReadable(*part.dir, part.prefix)
		if err != nil {
			return err
		}
		*part.paths = paths
		b.Unread = append(b.Unread, unread...)
		if len(unread) > 0 && unread[0].Path == part.prefix {
			*part.dir = "" // as a whole
		}
	}
	b.Public = slices.DeleteFunc(b.Public, isHidden)
	if b.StaticDir == "" {
		return nil
	}
	return b.checkStatic(m)
}

// staticPrefix is where the build's own files stand.
const staticPrefix = "/_next/static"

// isHidden reports whether Next.js keeps a public file to itself: it answers 500 for one whose own name begins with a
// dot, and serves those in folders with such names (next/dist/compiled/send).
func isHidden(urlPath string) bool { return strings.HasPrefix(path.Base(urlPath), ".") }

func existing(dir string) string {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}

// checkStatic compares the files that pages begin with to those that are there.
func (b *Build) checkStatic(m manifests) error {
	var file buildManifest
	if err := m.read("build-manifest.json", &file); err != nil {
		return err
	}
	have := make(map[string]bool, len(b.Static))
	for _, path := range b.Static {
		have[path] = true
	}
	lists := [][]string{file.Polyfills, file.LowPriority, file.RootMain}
	for _, files := range file.Pages {
		lists = append(lists, files)
	}
	for _, name := range slices.Concat(lists...) {
		path := "/_next/" + encodeSegments(name)
		if strings.HasPrefix(name, "static/") && !have[path] && !b.IsUnread(path) {
			return fmt.Errorf("%s is missing in %s: the build is not complete", name, b.Dir)
		}
	}
	return nil
}

// listFiles returns the URL paths of the files below dir, sorted.
func listFiles(dir, prefix string) ([]string, error) {
	return walkFiles(dir, prefix, func(_ string, err error) error { return err })
}

// walkFiles does the same. unreadable is told of each folder and link that cannot be read, and may go on without it.
func walkFiles(dir, prefix string, unreadable func(file string, err error) error) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(file, err)
		}
		regular := entry.Type().IsRegular()
		if entry.Type()&fs.ModeSymlink != 0 {
			// A link to a file is one, a link to a directory is not followed.
			info, err := os.Stat(file)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return unreadable(file, err)
			}
			regular = info.Mode().IsRegular()
		}
		if regular {
			name, err := filepath.Rel(dir, file)
			if err != nil {
				return err
			}
			paths = append(paths, prefix+"/"+encodeSegments(filepath.ToSlash(name)))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	slices.Sort(paths)
	return paths, nil
}

// encodeSegments encodes each segment as encodeURIComponent does (encode-uri-path.js).
func encodeSegments(path string) string {
	const upperHex = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return c == '/' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("-_.!~*'()", c) >= 0
	}
	first := 0
	for first < len(path) && plain(path[first]) {
		first++
	}
	if first == len(path) {
		return path
	}
	var b strings.Builder
	b.WriteString(path[:first])
	for i := first; i < len(path); i++ {
		if c := path[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}
