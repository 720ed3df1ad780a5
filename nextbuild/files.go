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

// readFiles lists the files that the build and the application's public folder bring. It refuses a build whose static files have not all
// arrived.
func (b *Build) readFiles(m manifests, p place) error {
	for _, home := range p.homes(b.DistDir) {
		if b.StaticDir == "" {
			b.StaticDir = existing(filepath.Join(home.dist, "static"))
		}
		if b.PublicDir == "" && home.root != "" {
			b.PublicDir = existing(filepath.Join(home.root, "public"))
		}
	}
	var err error
	if b.StaticDir != "" {
		if b.Static, err = listFiles(b.StaticDir, "/_next/static"); err != nil {
			return err
		}
		if err := b.checkStatic(m); err != nil {
			return err
		}
	}
	if b.PublicDir != "" {
		if b.Public, err = listFiles(b.PublicDir, ""); err != nil {
			return err
		}
		b.Public = slices.DeleteFunc(b.Public, isHidden)
	}
	return nil
}

// isHidden reports whether Next.js keeps a public file to itself: it answers 500 for one whose own name begins with a dot, and serves those in
// folders with such names (next/dist/compiled/send).
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
		if strings.HasPrefix(name, "static/") && !have["/_next/"+encodeSegments(name)] {
			return fmt.Errorf("%s is missing in %s: the build is not complete", name, b.Dir)
		}
	}
	return nil
}

// listFiles returns the URL paths of the files below dir, sorted.
func listFiles(dir, prefix string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		regular := entry.Type().IsRegular()
		if entry.Type()&fs.ModeSymlink != 0 {
			// A link to a file is one, a link to a directory is not followed.
			info, err := os.Stat(file)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
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
