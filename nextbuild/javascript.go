package nextbuild

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// JavaScript says which scripts browsers load with the pages of a build. Scripts are named by their URL path, as in
// Build.Static.
type JavaScript struct {
	// Polyfills are for browsers without ES modules; no other loads them, and no route lists them.
	Polyfills []string
	// Routes are the pages of both routers, those of the App Router first, each router's by their pattern. Error pages
	// are not among them.
	Routes []RouteScripts
}

// RouteScripts are the scripts that the document of a page names (its first load). What it loads later is not among
// them: next/dynamic, next/script, the pages that its links lead to.
type RouteScripts struct {
	// Route is the pattern of the page, such as /items/[slug].
	Route string
	// Kind is AppPage or PagesPage.
	Kind RouteKind
	// Scripts are sorted.
	Scripts []string
}

// buildManifest is what build-manifest.json says of scripts and styles, by their path below /_next.
type buildManifest struct {
	Polyfills   []string            `json:"polyfillFiles"`
	LowPriority []string            `json:"lowPriorityFiles"`
	RootMain    []string            `json:"rootMainFiles"`
	Pages       map[string][]string `json:"pages"`
}

// JavaScript reads which scripts each page begins with. It reads the manifests from the disk, by which Next.js itself
// writes its documents (get-required-scripts.js and get-layer-assets.js for the App Router, pages/_document.js for the
// Pages Router), when it is called: serving needs none of them. The error names the manifest that is missing or wrong.
func (b *Build) JavaScript() (*JavaScript, error) {
	m := manifests{dir: b.Dir}
	var manifest buildManifest
	if err := m.read("build-manifest.json", &manifest); err != nil {
		return nil, fmt.Errorf("reading the scripts of the build in %s: %w", b.Dir, err)
	}
	appFiles, err := b.appPages(m)
	if err != nil {
		return nil, fmt.Errorf("reading the scripts of the build in %s: %w", b.Dir, err)
	}
	js := &JavaScript{Polyfills: scriptPaths(manifest.Polyfills)}
	for _, route := range slices.Sorted(maps.Keys(appFiles)) {
		scripts := slices.Clone(manifest.RootMain)
		for _, file := range appFiles[route] {
			references, err := m.readClientReferences(file)
			if err != nil {
				return nil, fmt.Errorf("reading the scripts of %s of the build in %s: %w", route, b.Dir, err)
			}
			scripts = append(scripts, references.scripts(file)...)
		}
		js.Routes = append(js.Routes, RouteScripts{route, AppPage, scriptPaths(scripts)})
	}
	for _, page := range slices.Sorted(maps.Keys(b.Routes)) {
		if b.Routes[page].Kind == PagesPage {
			js.Routes = append(js.Routes, RouteScripts{page, PagesPage, manifest.pageScripts(page)})
		}
	}
	return js, nil
}

// appPages returns the files of the App Router that make each of its pages. Several do where the page has slots.
func (b *Build) appPages(m manifests) (map[string][]string, error) {
	var routes map[string]string
	if err := m.readIfThere("app-path-routes-manifest.json", &routes); err != nil {
		return nil, err
	}
	pages := make(map[string][]string)
	for file, route := range routes {
		if known, ok := b.Routes[route]; ok && known.Kind == AppPage && strings.HasSuffix(file, "/page") && !IsInterception(file) {
			pages[route] = append(pages[route], file)
		}
	}
	return pages, nil
}

// pageScripts returns the scripts of a page of the Pages Router. One that is not listed has none (AMP).
func (m *buildManifest) pageScripts(page string) []string {
	own, listed := m.Pages[page]
	if !listed {
		return nil
	}
	return scriptPaths(slices.Concat(m.Pages["/_app"], own, m.LowPriority))
}

// scriptPaths returns the URL paths of the scripts among files, sorted, each once.
func scriptPaths(files []string) []string {
	var paths []string
	for _, name := range files {
		if strings.HasPrefix(name, "static/") && strings.HasSuffix(name, ".js") {
			paths = append(paths, "/_next/"+encodeSegments(name))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
