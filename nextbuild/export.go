package nextbuild

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Export is what `next build` writes with output: 'export': an application as files, which needs no server. It is read
// whole or not at all.
type Export struct {
	// Dir is its directory, links resolved: the export that a link leads to now, not the one it may lead to later.
	Dir string
	// Hash identifies what was read: see HashExport.
	Hash string
	// IDs are the build ids below _next/static. There is one, unless an export was copied over another.
	IDs []string
	// Files are the URL paths of its files, encoded as those of a Build are.
	Files []string
	// TrailingSlash says that its pages were written as about/index.html and not as about.html.
	TrailingSlash bool
	// NotFound is the path of its page for what is not found, or "".
	NotFound string
	// AssetPrefix is what stands before /_next/static in its pages: the basePath, or the assetPrefix.
	AssetPrefix string
	// Optimizer is the path of a page that asks for pictures of the image optimizer, or "".
	Optimizer string
}

// ReadExport reads the export in dir. The error names what is missing. An export whose pages name files that have not
// arrived is not complete, and neither is one that changes meanwhile.
func ReadExport(dir string) (*Export, error) {
	before, err := HashExport(dir)
	if err != nil {
		return nil, err
	}
	// The hash has resolved it before; a link that has moved since is seen by the next hash.
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for an export: %w", err)
	}
	e := &Export{Dir: resolved}
	if err := e.read(); err != nil {
		return nil, fmt.Errorf("reading the export in %s: %w", dir, err)
	}
	if e.Hash, err = HashExport(dir); err != nil {
		return nil, err
	}
	if e.Hash != before {
		return nil, fmt.Errorf("%s was changed while it was read", dir)
	}
	return e, nil
}

// HashExport identifies the state of the export in dir without reading it: another hash, another export. It looks at
// the name, size and time of every file, about 4 µs each.
func HashExport(dir string) (string, error) {
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("looking for an export: %w", err)
	}
	sum := fnv.New64a()
	line := []byte(resolved)
	_, _ = sum.Write(line) // it never fails
	err = filepath.WalkDir(resolved, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		line = append(line[:0], path...)
		line = strconv.AppendInt(append(line, 0), info.Size(), 10)
		line = strconv.AppendInt(append(line, 0), info.ModTime().UnixNano(), 10)
		_, err = sum.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("looking at the export: %w", err)
	}
	return fmt.Sprintf("export-%x", sum.Sum64()), nil
}

func (e *Export) read() error {
	if err := e.check(); err != nil {
		return err
	}
	var err error
	if e.Files, err = listFiles(e.Dir, ""); err != nil {
		return err
	}
	if len(e.IDs) == 0 {
		return errors.New("_next/static has no directory of a build with a _buildManifest.js: the export is not complete")
	}
	for _, page := range []string{"/404.html", "/404/index.html"} {
		if e.NotFound == "" && slices.Contains(e.Files, page) {
			e.NotFound = page
		}
	}
	// Next.js writes that page in both forms with trailingSlash, and in one without.
	e.TrailingSlash = slices.Contains(e.Files, "/404/index.html")
	return e.checkPages()
}

const nameExport = "name the directory that `next build` writes with output: 'export', usually out"

// check reports whether the directory is an export at all.
func (e *Export) check() error {
	entries, err := os.ReadDir(filepath.Join(e.Dir, "_next", "static"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := open(e.Dir); err == nil {
			return errors.New("it is a build (it has a BUILD_ID), not an export: " + nameExport)
		}
		return errors.New("_next/static is missing: " + nameExport)
	case err != nil:
		return err
	}
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(e.Dir, "_next", "static", entry.Name(), "_buildManifest.js")); err == nil {
			e.IDs = append(e.IDs, entry.Name())
		}
	}
	return nil
}

// Fits reports, as an error, that a build is not the one that the export comes from, or that a page of it has not
// arrived.
func (e *Export) Fits(b *Build) error {
	if !slices.Contains(e.IDs, b.ID) {
		return fmt.Errorf("the build in %s has the id %s, the export in %s is of %s: one of them is older",
			b.Dir, b.ID, e.Dir, strings.Join(e.IDs, " and "))
	}
	names := e.Names()
	for _, path := range slices.Sorted(maps.Keys(b.Prerenders)) {
		route, known := b.Routes[cmp.Or(b.Prerenders[path].Route, path)]
		if !known || route.Kind != AppPage || hasPage(names, path) {
			continue
		}
		return fmt.Errorf("the page %s is missing in %s: the export is not complete", path, e.Dir)
	}
	return nil
}

// hasPage reports whether there is a page at a path, which some versions of Next.js name encoded and some do not.
func hasPage(names map[string]string, path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	for _, name := range []string{path, decoded} {
		name = strings.TrimSuffix(name, "/")
		if names[name+".html"] != "" || names[name+"/index.html"] != "" {
			return true
		}
	}
	return false
}

// Names returns the names of the export's files by which requests find them: the decoded paths, each with the path
// itself.
func (e *Export) Names() map[string]string {
	names := make(map[string]string, len(e.Files))
	for _, path := range e.Files {
		if name, err := url.PathUnescape(path); err == nil {
			names[name] = path
		}
	}
	return names
}
