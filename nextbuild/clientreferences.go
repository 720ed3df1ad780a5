package nextbuild

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// clientReferences is what page_client-reference-manifest.js says of a page of the App Router: which client components
// it may use, and in which scripts they are.
type clientReferences struct {
	// EntryJS are the scripts of each layout, page and so on of the page's own tree. Builds by Turbopack only.
	EntryJS map[string][]string `json:"entryJSFiles"`
	// Modules are client components by their source file. In builds by webpack they are those of all files in the
	// folders of the page and above, of other pages too.
	Modules map[string]struct {
		// Chunks are ids and files in turn.
		Chunks []any `json:"chunks"`
	} `json:"clientModules"`
}

// readClientReferences reads the manifest of a page by its file in the App Router, such as /(shop)/items/[slug]/page.
// It is a script that sets one element of an object to JSON.
func (m manifests) readClientReferences(file string) (*clientReferences, error) {
	name := "server/app" + file + "_client-reference-manifest.js"
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fmt.Errorf("app-path-routes-manifest.json: %q is no file of the App Router", file)
	}
	full := filepath.Join(m.dir, filepath.FromSlash(name))
	data, err := os.ReadFile(full) //nolint:gosec // below the build directory, which the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the build is not complete, run `next build` again", err)
	}
	if err != nil {
		return nil, err
	}
	value, ok := assignedJSON(data)
	if !ok {
		return nil, fmt.Errorf("%s is of a form that is not understood (Next.js 14, 15 and 16)", full)
	}
	var references *clientReferences
	if err := json.NewDecoder(bytes.NewReader(value)).Decode(&references); err != nil {
		return nil, fmt.Errorf("%s is broken or half-written: %w", full, err)
	}
	if references == nil {
		return nil, fmt.Errorf("%s says nothing", full)
	}
	return references, nil
}

// assignedJSON returns what begins with the value in `…__RSC_MANIFEST["key"]=value`.
func assignedJSON(script []byte) ([]byte, bool) {
	_, rest, found := bytes.Cut(script, []byte("__RSC_MANIFEST["))
	key := json.NewDecoder(bytes.NewReader(rest))
	if token, err := key.Token(); !found || err != nil || token == nil {
		return nil, false
	}
	rest, found = bytes.CutPrefix(rest[key.InputOffset():], []byte("]"))
	if !found {
		return nil, false
	}
	return bytes.CutPrefix(bytes.TrimLeft(rest, " "), []byte("="))
}

// scripts returns the files of a page's scripts below /_next, besides those of all pages.
func (c *clientReferences) scripts(page string) []string {
	if c.EntryJS == nil {
		return c.webpackScripts(page)
	}
	var files []string
	for entry, scripts := range c.EntryJS {
		if !scriptlessEntries[path.Base(entry)] {
			files = append(files, scripts...)
		}
	}
	for source, module := range c.Modules {
		if !isStyle(source) {
			files = append(files, chunkFiles(module.Chunks)...)
		}
	}
	return files
}

// scriptlessEntries are the files of which Next.js names no scripts beside those of the client components in them
// (create-component-tree.js).
var scriptlessEntries = map[string]bool{"not-found": true, "forbidden": true, "unauthorized": true, "global-error": true}

// webpackScripts are the scripts of the client components in the page's own tree. To which layout, page and so on they
// belong is told by the name of one script of each.
func (c *clientReferences) webpackScripts(page string) []string {
	entries := make(map[string][]string)
	for source, module := range c.Modules {
		if isStyle(source) {
			continue
		}
		entry, chunks := "", chunkFiles(module.Chunks)
		for _, name := range chunks {
			if own := entryChunk.FindStringSubmatch(name); own != nil {
				entry = "/" + own[1]
			}
		}
		entries[entry] = append(entries[entry], chunks...)
	}
	var files []string
	for entry, chunks := range entries {
		if entry == "" || inTree(entry, page) && !isReplaced(entry, page, entries) {
			files = append(files, chunks...)
		}
	}
	return files
}

// entryChunk is how webpack names the script of a layout, page and so on: by its file, and a hash.
var entryChunk = regexp.MustCompile(`^static/chunks/app/(.+)-[0-9a-f]+\.js$`)

// chunkFiles returns the files among chunks. Their segments are encoded; the address of the application's own files may
// stand before them, and a deployment id behind.
func chunkFiles(chunks []any) []string {
	var files []string
	for _, chunk := range chunks {
		text, _ := chunk.(string)
		if _, below, found := strings.Cut(text, "/_next/"); found {
			text = below
		}
		text, _, _ = strings.Cut(text, "?")
		if name, err := url.PathUnescape(text); err == nil && strings.HasPrefix(name, "static/") {
			files = append(files, name)
		}
	}
	return files
}

// isStyle reports whether a module is a style sheet, whose script stays empty and is not loaded.
func isStyle(source string) bool {
	source, _, _ = strings.Cut(source, "?")
	return slices.Contains([]string{".css", ".scss", ".sass"}, path.Ext(source))
}

// inTree reports whether a file of the App Router is shown together with a page: a layout, loading, error and the like
// of its folder or one above, the page itself, or the page of a slot (a folder @name) for the same route. Groups,
// folders in parentheses, count above a slot and not below it.
func inTree(entry, page string) bool {
	folders, wanted := foldersOf(entry), foldersOf(page)
	slot := slices.IndexFunc(folders, isSlot)
	above, below := folders, []string(nil)
	if slot >= 0 {
		above, below = folders[:slot], routed(folders[slot:])
	}
	if len(above) > len(wanted) || !slices.Equal(above, wanted[:len(above)]) {
		return false
	}
	rest := wanted[len(above):]
	if slot >= 0 {
		rest = routed(rest)
	}
	if path.Base(entry) == "page" {
		return slices.Equal(below, rest)
	}
	return len(below) <= len(rest) && slices.Equal(below, rest[:len(below)])
}

// isReplaced reports whether an entry is the default of a slot that has a page for the route.
func isReplaced(entry, page string, entries map[string][]string) bool {
	if path.Base(entry) != "default" {
		return false
	}
	for other := range entries {
		if path.Base(other) == "page" && strings.HasPrefix(other, path.Dir(entry)+"/") && inTree(other, page) {
			return true
		}
	}
	return false
}

func foldersOf(file string) []string {
	return strings.Split(strings.TrimSuffix(path.Dir(file), "/"), "/")
}

func isSlot(folder string) bool { return strings.HasPrefix(folder, "@") }

// routed leaves out the folders that are no segments of a path.
func routed(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(folder string) bool {
		return isSlot(folder) || strings.HasPrefix(folder, "(") && strings.HasSuffix(folder, ")")
	})
}
