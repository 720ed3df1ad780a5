package nextbuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// monorepoDepth is how far below a standalone directory the application of a monorepo is looked for.
const monorepoDepth = 4

// place is where a build lies.
type place struct {
	dist string // holds BUILD_ID
	id   string
}

// locate finds the build that dir names.
func locate(dir string) (place, error) {
	switch _, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return place{}, &UnfinishedError{dir, "it is not there yet", fmt.Errorf("looking for a build: %w", err)}
	case err != nil:
		return place{}, fmt.Errorf("looking for a build: %w", err)
	}
	for _, candidate := range []string{dir, filepath.Join(dir, ".next")} {
		if p, err := open(candidate); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
	}
	if info, err := os.Stat(filepath.Join(dir, ".next")); err == nil && info.IsDir() {
		// What lies beside it is not meant: a copy that somebody keeps, another application.
		return place{}, noBuildID(dir, fmt.Errorf("%s holds no build: BUILD_ID is missing there and in its .next; "+
			"run `next build` (`next dev` writes none), or name the distDir", dir))
	}
	dists, err := distsBelow(dir, monorepoDepth)
	if err != nil {
		return place{}, fmt.Errorf("looking for a build: %w", err)
	}
	switch len(dists) {
	case 0:
		return place{}, noBuildID(dir, fmt.Errorf("%s holds no build: BUILD_ID is missing there and in its .next; "+
			"run `next build` (`next dev` writes none)", dir))
	case 1:
		return open(dists[0])
	}
	return place{}, fmt.Errorf("%s holds several builds, name one of them: %s", dir, strings.Join(dists, ", "))
}

// open takes a directory as a build if it has a BUILD_ID.
func open(dist string) (place, error) {
	path := filepath.Join(dist, "BUILD_ID")
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the build directory
	if err != nil {
		return place{}, fmt.Errorf("reading the build id: %w", err)
	}
	id := strings.TrimSpace(string(data))
	if id == "" {
		return place{}, &UnfinishedError{
			dist, "BUILD_ID is empty", fmt.Errorf("%s is empty: the build was interrupted, run `next build` again", path),
		}
	}
	return place{dist, id}, nil
}

// distsBelow finds the builds below dir: a distDir of another name, or the application of a monorepo in a standalone
// directory.
func distsBelow(dir string, depth int) ([]string, error) {
	if depth == 0 {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var dists []string
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name() == "node_modules" || entry.Name() == "public" || entry.Name() == ".git" {
			continue
		}
		child := filepath.Join(dir, entry.Name())
		if _, err := os.Stat(filepath.Join(child, "BUILD_ID")); err == nil {
			dists = append(dists, child)
			continue
		}
		below, err := distsBelow(child, depth-1)
		if err != nil {
			return nil, err
		}
		dists = append(dists, below...)
	}
	return dists, nil
}

// hashedFiles change with every build; those that a build need not have are absent in both hashes.
var hashedFiles = []string{
	"BUILD_ID", "required-server-files.json", "routes-manifest.json", "prerender-manifest.json", "build-manifest.json",
	"server/middleware-manifest.json", "server/functions-config-manifest.json", "server/pages-manifest.json",
	"server/server-reference-manifest.json", "app-path-routes-manifest.json", "static",
}

func (p place) hash() (string, error) {
	sum := fnv.New64a()
	for _, name := range hashedFiles {
		info, err := os.Stat(filepath.Join(p.dist, name))
		switch {
		case err == nil:
			_, _ = fmt.Fprintf(sum, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("looking at the build: %w", err)
		}
	}
	return fmt.Sprintf("%s-%x", p.id, sum.Sum64()), nil
}

// homes returns the directories in which the files of the build may lie, each with its distDir: its own, and that of
// the build whose standalone directory it lies in, because `next build` copies neither static nor public files there.
func (p place) homes(distDir string) []home {
	own := home{dist: p.dist}
	clean := filepath.Clean(filepath.FromSlash(distDir))
	if root, ok := strings.CutSuffix(p.dist, string(filepath.Separator)+clean); ok {
		own.root = root
	}
	homes := []home{own}
	for dir := filepath.Dir(p.dist); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) != "standalone" {
			continue
		}
		if outer, err := open(filepath.Dir(dir)); err == nil && outer.id == p.id {
			root := strings.TrimSuffix(outer.dist, string(filepath.Separator)+clean)
			homes = append(homes, home{dist: outer.dist, root: root})
		}
		break
	}
	return homes
}

type home struct {
	dist string
	root string // the application's directory, or "" when the distDir does not lie where the build says
}

// nextVersion finds the version of Next.js in what lies beside the build, or returns "".
func (p place) nextVersion() string {
	candidates := []string{filepath.Join(p.dist, "diagnostics", "framework.json")}
	for dir := p.dist; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		candidates = append(candidates, filepath.Join(dir, "node_modules", "next", "package.json"))
	}
	for _, path := range candidates {
		var file struct {
			Version string `json:"version"`
		}
		data, err := os.ReadFile(path) //nolint:gosec // beside the build directory, which the operator names
		if err == nil && json.Unmarshal(data, &file) == nil && file.Version != "" {
			return file.Version
		}
	}
	return ""
}

// manifests reads the files of a distDir.
type manifests struct{ dir string }

// read decodes a manifest. Each has a version; versions says which are understood.
func (m manifests) read(name string, into any, versions ...int) error {
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the build directory
	if errors.Is(err, fs.ErrNotExist) {
		return &UnfinishedError{
			m.dir, name + " is not there yet", fmt.Errorf("%w: the build is not complete, run `next build` again", err),
		}
	}
	if err != nil {
		return err
	}
	// Some hold secrets.
	defer clear(data)
	if len(versions) > 0 {
		var file struct {
			Version int `json:"version"`
		}
		if err := json.Unmarshal(data, &file); err != nil {
			return m.broken(name, err)
		}
		if !slices.Contains(versions, file.Version) {
			return fmt.Errorf("%s has version %d, understood are %v (Next.js 14, 15 and 16)", path, file.Version, versions)
		}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return m.broken(name, err)
	}
	return nil
}

// broken is the error of a manifest that is no JSON, or other JSON than is understood.
func (m manifests) broken(name string, err error) error {
	said := fmt.Errorf("%s is broken or half-written: %w", filepath.Join(m.dir, filepath.FromSlash(name)), err)
	if _, torn := errors.AsType[*json.SyntaxError](err); torn {
		return &UnfinishedError{m.dir, name + " is not whole yet", said}
	}
	return said
}

// readIfThere is read for a manifest that a build may not have.
func (m manifests) readIfThere(name string, into any, versions ...int) error {
	if err := m.read(name, into, versions...); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
