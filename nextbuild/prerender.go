package nextbuild

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Prerender is a path that the build rendered.
type Prerender struct {
	// Revalidate is the time after which it is rendered anew, 0 for never; Expire that after which it is not shown any
	// more.
	Revalidate, Expire time.Duration
	// Status is its status, 200 when the build says nothing.
	Status int
	// Route is the pattern of its route, or "" when that is the path itself.
	Route string
	// Data is the path of its payload or data, or "".
	Data string
	// Partial says that something is left to render for each request (partial prerendering). With cacheComponents
	// Next.js marks every page of the App Router so; of those that are complete it is false.
	Partial bool
	// Tags are its cache tags.
	Tags []string
}

// Fallback says what Next.js does with a path of a dynamic route that the build did not render.
type Fallback uint8

// The fallbacks (getStaticPaths, dynamicParams).
const (
	// FallbackNotFound answers 404.
	FallbackNotFound Fallback = iota
	// FallbackBlocking renders first.
	FallbackBlocking
	// FallbackShell shows a skeleton or shell meanwhile.
	FallbackShell
)

// tagsHeader is the header under which cache tags are kept.
const tagsHeader = "x-next-cache-tags"

// seconds is a number of seconds or false.
type seconds time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(data []byte) error {
	if text := string(data); text == "false" || text == "null" {
		*s = 0
		return nil
	}
	var number float64
	if err := json.Unmarshal(data, &number); err != nil {
		return fmt.Errorf("expected a number of seconds or false: %w", err)
	}
	*s = seconds(number * float64(time.Second))
	return nil
}

// prerenderManifest is what is read of prerender-manifest.json.
type prerenderManifest struct {
	Routes        map[string]prerenderedRoute `json:"routes"`
	DynamicRoutes map[string]fallbackRoute    `json:"dynamicRoutes"`
	Preview       struct {
		ID json.RawMessage `json:"previewModeId"`
	} `json:"preview"`
}

// prerenderedRoute is a path that the build has rendered.
type prerenderedRoute struct {
	partialMode
	Revalidate  seconds           `json:"initialRevalidateSeconds"`
	Expire      seconds           `json:"initialExpireSeconds"`
	Status      int               `json:"initialStatus"`
	Headers     map[string]string `json:"initialHeaders"`
	SourceRoute string            `json:"srcRoute"`
	DataRoute   string            `json:"dataRoute"`
	Compute     string            `json:"compute"` // 16.4: static, resuming or blocking
}

// fallbackRoute says what becomes of the other paths of a dynamic route.
type fallbackRoute struct {
	partialMode
	Fallback json.RawMessage `json:"fallback"`
}

// partialMode is what the manifests of Next.js 15 and 16 say of partial prerendering.
type partialMode struct {
	RenderingMode   string `json:"renderingMode"`
	ExperimentalPPR bool   `json:"experimentalPPR"`
}

func (m partialMode) isPartial() bool {
	return m.ExperimentalPPR || m.RenderingMode == "PARTIALLY_STATIC"
}

// readPrerenders reads prerender-manifest.json, which is secret: of the ids in it only a hash is kept.
func (b *Build) readPrerenders(m manifests) error {
	var file prerenderManifest
	if err := m.read("prerender-manifest.json", &file, 4); err != nil {
		return err
	}
	if err := b.setPreviewID(file.Preview.ID); err != nil {
		return err
	}
	b.setFallbacks(file.DynamicRoutes)
	return b.setPrerenders(file.Routes)
}

// setPreviewID keeps the hash of the preview id, a JSON string of hexadecimal digits, and clears the id.
func (b *Build) setPreviewID(id json.RawMessage) error {
	if len(id) < 2 {
		return errors.New("prerender-manifest.json has no preview id: the build is not complete")
	}
	b.PreviewID = sha256.Sum256(id[1 : len(id)-1])
	clear(id)
	return nil
}

func (b *Build) setPrerenders(routes map[string]prerenderedRoute) error {
	b.Prerenders = make(map[string]Prerender, len(routes))
	for path, route := range routes {
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("prerender-manifest.json: path %q does not begin with /", path)
		}
		p := Prerender{
			Revalidate: time.Duration(route.Revalidate), Expire: time.Duration(route.Expire),
			Status: cmp.Or(route.Status, 200), Data: route.DataRoute, Tags: splitTags(route.Headers[tagsHeader]),
			Partial: route.isPartial() && route.Compute != "static",
		}
		if route.SourceRoute != path {
			p.Route = route.SourceRoute
		}
		b.Prerenders[path] = p
	}
	return nil
}

func (b *Build) setFallbacks(routes map[string]fallbackRoute) {
	b.Fallbacks = make(map[string]Fallback, len(routes))
	b.Partials = map[string]bool{}
	for page, route := range routes {
		if route.isPartial() {
			b.Partials[page] = true
		}
		switch string(route.Fallback) {
		case "false":
			b.Fallbacks[page] = FallbackNotFound
		case "null", "":
			b.Fallbacks[page] = FallbackBlocking
		default:
			b.Fallbacks[page] = FallbackShell
		}
	}
}

// readMetas adds what stands in files beside the prerendered pages: tags, and whether something is left to resume.
func (b *Build) readMetas(m manifests) error {
	for path, p := range b.Prerenders {
		if strings.HasPrefix(p.Data, "/_next/data/") {
			continue
		}
		meta, err := readMeta(m.dir, path)
		if err != nil {
			return err
		}
		if meta == nil {
			continue // a page of the Pages Router, or an adapter has put it elsewhere
		}
		// It is what Next.js itself resumes from, and newer than the manifest where the page was made again.
		p.Partial = meta.Postponed != nil
		if tags, ok := meta.Headers[tagsHeader].(string); ok && len(p.Tags) == 0 {
			p.Tags = splitTags(tags)
		}
		b.Prerenders[path] = p
	}
	return nil
}

// pageMeta is what Next.js keeps with a page of the App Router.
type pageMeta struct {
	Headers   map[string]any `json:"headers"`
	Postponed *string        `json:"postponed"` // nil: the page is complete
}

// readMeta returns nil where the page has no such file.
func readMeta(dir, path string) (*pageMeta, error) {
	if path == "/" {
		path = "/index"
	}
	if !filepath.IsLocal(path[1:]) {
		return nil, nil
	}
	name := filepath.Join(dir, "server", "app", filepath.FromSlash(path)+".meta")
	data, err := os.ReadFile(name) //nolint:gosec // below the build directory, which the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var meta pageMeta
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, fmt.Errorf("%s.meta is broken or half-written: %w", path, err)
	}
	return &meta, nil
}

func splitTags(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
