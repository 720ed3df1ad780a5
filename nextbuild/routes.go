package nextbuild

import (
	"errors"
	"fmt"
	"strings"
)

// RouteKind tells what answers a route.
type RouteKind uint8

// The kinds of routes.
const (
	// AppPage is a page of the App Router.
	AppPage RouteKind = iota
	// AppRoute is a route handler of the App Router; sitemaps, icons and their like are such too.
	AppRoute
	// PagesPage is a page of the Pages Router.
	PagesPage
	// PagesAPI is an API route of the Pages Router.
	PagesAPI
)

// Route is a page or a route handler.
type Route struct {
	Kind RouteKind
	// Data says that the page has data of its own below /_next/data (getStaticProps, getServerSideProps).
	Data bool
}

// DynamicRoute is a route with parameters.
type DynamicRoute struct {
	// Page is its pattern, such as /items/[id].
	Page string
	// Pattern matches the paths of the route, below the basePath and without locale.
	Pattern Pattern
}

// routesManifest is what is read of routes-manifest.json beside the rules.
type routesManifest struct {
	DynamicRoutes []struct {
		Page  string `json:"page"`
		Regex string `json:"regex"`
		Skip  bool   `json:"skipInternalRouting"`
	} `json:"dynamicRoutes"`
	DataRoutes []struct {
		Page string `json:"page"`
	} `json:"dataRoutes"`
}

// readRoutes reads the routes from the manifests that name them: those of the Pages Router, of the App Router, and of
// both.
func (b *Build) readRoutes(m manifests) error {
	var manifest routesManifest
	if err := m.read("routes-manifest.json", &manifest, 3); err != nil {
		return err
	}
	var pages map[string]string
	if err := m.read("server/pages-manifest.json", &pages); err != nil {
		return err
	}
	app, err := m.readAppRoutes()
	if err != nil {
		return err
	}
	b.Routes = make(map[string]Route, len(pages)+len(app))
	for page := range pages {
		b.addPage(page)
	}
	for file, page := range app {
		b.addAppRoute(file, page)
	}
	for page := range b.Routes {
		if !strings.HasPrefix(page, "/") {
			return fmt.Errorf("page %q does not begin with /", page)
		}
	}
	b.addDetails(manifest)
	return nil
}

// readAppRoutes reads the routes of the App Router by their files. A build with pages of it must have the manifest.
func (m manifests) readAppRoutes() (map[string]string, error) {
	var app, files map[string]string
	if err := m.readIfThere("app-path-routes-manifest.json", &app); err != nil || app != nil {
		return app, err
	}
	if err := m.readIfThere("server/app-paths-manifest.json", &files); err != nil {
		return nil, err
	}
	if len(files) > 0 {
		return nil, errors.New("app-path-routes-manifest.json is missing though there are pages of the App Router: " +
			"the build is not complete")
	}
	return nil, nil
}

// addDetails notes which of the known routes have data, and which have parameters.
func (b *Build) addDetails(manifest routesManifest) {
	for _, route := range manifest.DataRoutes {
		if known, ok := b.Routes[route.Page]; ok {
			known.Data = true
			b.Routes[route.Page] = known
		}
	}
	for _, route := range manifest.DynamicRoutes {
		if _, known := b.Routes[route.Page]; known && !route.Skip {
			b.Dynamic = append(b.Dynamic, DynamicRoute{route.Page, NewPattern(route.Regex, false)})
		}
	}
}

// addAppRoute adds a page or route handler of the App Router by its file.
func (b *Build) addAppRoute(file, page string) {
	kind := AppPage
	if strings.HasSuffix(file, "/route") {
		kind = AppRoute
	}
	if !isReserved(page) {
		b.Routes[page] = Route{Kind: kind}
	}
}

// addPage adds a page of the Pages Router. Prerendered error pages stand there once for each locale.
func (b *Build) addPage(page string) {
	if b.I18n != nil {
		page = b.I18n.WithoutLocale(page)
	}
	if isReserved(page) {
		return
	}
	kind := PagesPage
	if page == "/api" || strings.HasPrefix(page, "/api/") {
		kind = PagesAPI
	}
	b.Routes[page] = Route{Kind: kind}
}

// isReserved reports whether a page answers no path of its own, or one that only Next.js uses. /404 and /500 are asked
// for by their path, but then as errors.
func isReserved(page string) bool {
	switch page {
	case "/_app", "/_document", "/_error", "/_not-found", "/_global-error", "/404", "/500":
		return true
	}
	return IsInterception(page)
}

// IsInterception reports whether a route intercepts others: Next.js leads to it by a rewrite, its own path is nobody's.
func IsInterception(page string) bool {
	for segment := range strings.SplitSeq(page, "/") {
		if strings.HasPrefix(segment, "(.)") || strings.HasPrefix(segment, "(..)") || strings.HasPrefix(segment, "(...)") {
			return true
		}
	}
	return false
}

// WithoutLocale removes a locale at the beginning of a path (normalize-locale-path.js: without regard to case).
func (l *I18n) WithoutLocale(path string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	first, _, _ := strings.Cut(path[1:], "/")
	for _, locale := range l.Locales {
		if strings.EqualFold(first, locale) {
			if rest := path[1+len(first):]; rest != "" {
				return rest
			}
			return "/"
		}
	}
	return path
}
