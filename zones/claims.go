package zones

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Claims are the paths that a build names, by which zones that share the same beginning of paths are told apart:
// Next.js's own multi-zones without a basePath.
type Claims struct {
	build *nextbuild.Build
	// pages, files and static hold paths below the basePath: of routes and prerendered pages, of public files and
	// metadata, of files below /_next/static.
	pages, files, static map[string]bool
	dynamics             []rules.DynamicRoute
}

// NewClaims returns what a build names.
func NewClaims(b *nextbuild.Build) *Claims {
	c := &Claims{
		build: b, pages: map[string]bool{}, files: map[string]bool{}, static: map[string]bool{},
		dynamics: rules.DynamicRoutes(b),
	}
	for page, route := range b.Routes {
		switch {
		case strings.Contains(page, "["):
		case route.Kind == nextbuild.AppRoute && isMetadata(page):
			c.files[page] = true
		default:
			c.pages[page] = true
		}
	}
	for path, prerender := range b.Prerenders {
		if prerender.Route != "" {
			c.pages[c.withoutLocale(path)] = true
		}
	}
	for _, path := range b.Public {
		c.files[path] = true
	}
	for _, path := range b.Static {
		c.static[path] = true
	}
	return c
}

// NewStaticClaims returns the files below /_next/static that a build names, and nothing else of it.
func NewStaticClaims(b *nextbuild.Build) *Claims {
	c := &Claims{build: &nextbuild.Build{ID: b.ID, Unread: b.Unread}, static: make(map[string]bool, len(b.Static))}
	for _, path := range b.Static {
		c.static[path] = true
	}
	return c
}

// isMetadata reports whether a route handler is one of the files that every application may have at its root: browsers
// and search engines ask for them by a name that is the same everywhere.
func isMetadata(page string) bool {
	if strings.Count(page, "/") != 1 {
		return false
	}
	switch name := page[1:]; name {
	case "favicon.ico", "robots.txt", "sitemap.xml", "manifest.json", "manifest.webmanifest":
		return true
	default:
		for _, prefix := range []string{"icon", "apple-icon", "opengraph-image", "twitter-image"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// names reports whether the build names a path below its basePath, other than by a route with parameters.
func (c *Claims) names(path string) bool {
	if c == nil {
		return false
	}
	if c.files[path] || c.static[path] {
		return true
	}
	return c.pages[c.page(path)]
}

// mayName reports whether there may be a file at a path, in a folder that could not be read. Of the whole public folder
// it says nothing: that would be any path.
func (c *Claims) mayName(path string) bool {
	if c == nil {
		return false
	}
	return c.build.IsUnread(path) && (strings.HasPrefix(path, "/_next/") || !c.build.IsUnread("/"))
}

// HasFile reports whether the build has a public or static file at a path below its basePath.
func (c *Claims) HasFile(path string) bool { return c.files[path] || c.static[path] }

// routes returns how much of a path is literal in the dynamic route that matches it, or -1.
func (c *Claims) routes(path string) int {
	if c == nil {
		return -1
	}
	page := c.page(path)
	for i := range c.dynamics {
		dynamic := &c.dynamics[i]
		if matched, err := dynamic.Matches(page); matched && err == nil {
			return len(dynamic.Prefix)
		}
	}
	return -1
}

// page returns the path of a page as the build knows it: without locale, and without the slash that a redirect takes
// away or adds.
func (c *Claims) page(path string) string {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return c.withoutLocale(path)
}

func (c *Claims) withoutLocale(path string) string {
	if c.build.I18n == nil {
		return path
	}
	return c.build.I18n.WithoutLocale(path)
}

// clash returns a page that two builds both name. Files that every application may have at its root are no clash, and
// neither are the build's own.
func (c *Claims) clash(other *Claims) (page string, found bool) {
	if c == nil || other == nil {
		return "", false
	}
	var pages []string
	for page := range c.pages {
		if page != "/" && other.pages[page] {
			pages = append(pages, page)
		}
	}
	for page := range c.build.Routes {
		if _, both := other.build.Routes[page]; both && strings.Contains(page, "[") {
			pages = append(pages, page)
		}
	}
	if len(pages) == 0 {
		return "", false
	}
	return slices.Min(pages), true
}

// sharers are the zones that share all paths of a host that no prefix claims: one that has what the others do not name,
// and those that have what their builds name.
type sharers struct {
	root     *Zone // nil: none has the rest
	byRoutes []*Zone
}

// add adds a zone that has what its build names.
func (s *sharers) add(zone *Zone, where string) error {
	if zone.Claims == nil {
		return fmt.Errorf("zone %s: it has neither a path nor a build that says one", zone.Name)
	}
	for _, other := range s.byRoutes {
		if page, found := zone.Claims.clash(other.Claims); found {
			return errBothHave(other, zone, page, where)
		}
	}
	s.byRoutes = append(s.byRoutes, zone)
	return nil
}

func errBothHave(a, b *Zone, page, where string) error {
	return fmt.Errorf("zones %s and %s both have a page %s%s: one path belongs to one zone", a.Name, b.Name, page, where)
}

// check compares the builds of the routed zones with that of the root.
func (s *sharers) check(where string) error {
	if s.root == nil {
		return nil
	}
	for _, zone := range s.byRoutes {
		if page, found := zone.Claims.clash(s.root.Claims); found {
			return errBothHave(s.root, zone, page, where)
		}
	}
	return nil
}

// find returns the zone of a path: the one whose build names it, the root's own names first where all have such; then
// the one whose dynamic route fits closest; then the root.
func (s *sharers) find(path string) *Zone {
	if path == "/" && s.root != nil {
		return s.root
	}
	if id, page, ok := cutData(path); ok {
		return s.findData(id, page)
	}
	if s.root != nil && s.root.Claims.names(path) {
		return s.root
	}
	for _, zone := range s.byRoutes {
		if zone.Claims.names(path) {
			return zone
		}
	}
	if s.root != nil && s.root.Claims.mayName(path) {
		return s.root
	}
	for _, zone := range s.byRoutes {
		if zone.Claims.mayName(path) {
			return zone
		}
	}
	if strings.HasPrefix(path, "/_next/") {
		return s.root
	}
	best, closest := s.root, -1
	if s.root != nil {
		closest = s.root.Claims.routes(path)
	}
	for _, zone := range s.byRoutes {
		if length := zone.Claims.routes(path); length > closest {
			best, closest = zone, length
		}
	}
	return best
}

// findData returns the zone whose build id stands in a path of data. Builds with a deployment id share one constant id;
// then the page decides.
func (s *sharers) findData(id, page string) *Zone {
	var candidates []*Zone
	for _, zone := range append([]*Zone{s.root}, s.byRoutes...) {
		if zone != nil && zone.Claims != nil && zone.Claims.build.ID == id {
			candidates = append(candidates, zone)
		}
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	for _, zone := range candidates {
		if zone.Claims.names(page) || zone.Claims.routes(page) >= 0 {
			return zone
		}
	}
	return s.root
}

// cutData splits the path of data below /_next/data into the build id and the path of the page.
func cutData(path string) (id, page string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/_next/data/")
	if !ok {
		return "", "", false
	}
	id, page, ok = strings.Cut(rest, "/")
	if !ok {
		return "", "", false
	}
	page = "/" + strings.TrimSuffix(page, ".json")
	if page == "/index" {
		page = "/"
	}
	return id, page, true
}
