package rules

import (
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// outputs finds what a build answers a path with, once the rules have let it pass (getItem and checkTrue in
// next/dist/server/lib/router-utils).
type outputs struct {
	build *nextbuild.Build
	// files holds the static and public files by path below the basePath.
	files         map[string]Output
	defaultLocale string // "" without locales
	dynamics      []DynamicRoute
}

// DynamicRoute is a route with parameters.
type DynamicRoute struct {
	nextbuild.DynamicRoute
	// Prefix is what every path of the route begins with.
	Prefix string
}

// DynamicRoutes returns the routes of a build that have parameters, in the order in which Next.js tries them.
func DynamicRoutes(b *nextbuild.Build) []DynamicRoute {
	routes := make([]DynamicRoute, 0, len(b.Dynamic))
	for _, route := range b.Dynamic {
		prefix, _, _ := strings.Cut(route.Page, "[")
		if literal := literalPrefix(prefix); !strings.EqualFold(literal, prefix) {
			prefix = ""
		}
		// An optional catch-all matches without the slash too.
		routes = append(routes, DynamicRoute{route, strings.TrimSuffix(prefix, "/")})
	}
	return routes
}

// Matches reports whether a path below the basePath, without locale, may be one of the route.
func (d *DynamicRoute) Matches(path string) (bool, error) {
	if !strings.HasPrefix(path, d.Prefix) {
		return false, nil
	}
	return d.Pattern.Match(path) //nolint:wrapcheck // nobody reads it: Next.js is asked then
}

func newOutputs(b *nextbuild.Build) outputs {
	o := outputs{build: b, dynamics: DynamicRoutes(b), files: make(map[string]Output, len(b.Static)+len(b.Public))}
	if b.I18n != nil {
		o.defaultLocale = b.I18n.DefaultLocale
	}
	for _, path := range b.Public {
		o.files[path] = OutputPublic
	}
	for _, path := range b.Static {
		o.files[path] = OutputStatic
	}
	return o
}

// paths returns every path that the build names, escaped and with basePath.
func (o *outputs) paths() []string {
	base, asset := o.build.BasePath, o.build.AssetPath()
	slash := ""
	if o.build.TrailingSlash {
		slash = "/"
	}
	var paths []string
	for path, output := range o.files {
		paths = append(paths, base+path)
		if asset != "" && output == OutputStatic {
			paths = append(paths, asset+path)
		}
	}
	paths = append(paths, base+"/_next/image"+slash)
	page := func(path string) {
		if path == "/" && base != "" {
			path = ""
		}
		paths = append(paths, base+path)
		if !strings.HasSuffix(path, "/") {
			// The form that is redirected to the other.
			paths = append(paths, base+path+"/")
		}
	}
	for route := range o.build.Routes {
		if !strings.Contains(route, "[") {
			page(route)
		}
	}
	for path, prerender := range o.build.Prerenders {
		page(path)
		if i18n := o.build.I18n; i18n != nil {
			page(i18n.WithoutLocale(path))
		}
		if strings.HasPrefix(prerender.Data, "/_next/data/") {
			paths = append(paths, base+prerender.Data)
		}
	}
	return paths
}

// names reports whether the build names a path, other than by a route with parameters.
func (o *outputs) names(path string) bool {
	return o.findExact(new(Verdict), path)
}

// mayName reports whether there may be a file at a path, in a folder that could not be read.
func (o *outputs) mayName(path string) bool {
	if len(o.build.Unread) == 0 {
		return false
	}
	below, ok := o.belowBase(path)
	if !ok {
		return false
	}
	if plain, locale := o.withoutLocale(below); locale != "" && locale == o.defaultLocale {
		below = plain
	}
	return o.build.IsUnread(below)
}

// findNamed finds what the build names by the path itself, and leaves to Next.js what may be a file that could not be
// read.
func (o *outputs) findNamed(v *Verdict, path string) bool {
	if o.findExact(v, path) {
		return true
	}
	if !o.mayName(path) {
		return false
	}
	*v = Verdict{Reason: Unknown}
	return true
}

// findExact finds what the build names by the path itself, and notes it in v.
func (o *outputs) findExact(v *Verdict, path string) bool {
	below, ok := o.belowBase(path)
	if !ok {
		return false
	}
	if below == "/_next/image" {
		v.Output, v.Path = OutputImage, below
		return true
	}
	plain, locale := o.withoutLocale(below)
	file := below
	if locale != "" && locale == o.defaultLocale {
		file = plain
	}
	if output := o.files[file]; output != OutputNone {
		v.Output, v.Path = output, file
		return true
	}
	if page, ok := o.dataPage(below); ok {
		if route, known := o.build.Routes[page]; known && route.Data {
			v.Output, v.Path, v.Page = OutputData, below, page
			return true
		}
		return false
	}
	route, known := o.build.Routes[plain]
	if !known || strings.Contains(plain, "[") {
		return false
	}
	return o.setRoute(v, route, plain, plain, locale)
}

// findDynamic finds the dynamic route of a path.
func (o *outputs) findDynamic(v *Verdict, path string) bool {
	below, ok := o.belowBase(path)
	if !ok {
		return false
	}
	data := false
	if page, ok := o.dataPage(below); ok {
		below, data = page, true
	} else if strings.HasPrefix(below, "/_next/data/") {
		return false // no route has such paths
	}
	plain, locale := o.withoutLocale(below)
	for i := range o.dynamics {
		dynamic := &o.dynamics[i]
		matched, err := dynamic.Matches(plain)
		if err != nil {
			return false
		}
		if !matched {
			continue
		}
		route := o.build.Routes[dynamic.Page]
		if data {
			if !route.Data {
				return false
			}
			v.Output, v.Path, v.Page = OutputData, path[len(o.build.BasePath):], dynamic.Page
			return true
		}
		return o.setRoute(v, route, plain, dynamic.Page, locale)
	}
	return false
}

// setRoute notes a route, unless only Next.js knows whether it answers.
func (o *outputs) setRoute(v *Verdict, route nextbuild.Route, path, page, locale string) bool {
	if o.build.FileRoutes != nil && !*o.build.FileRoutes {
		return false
	}
	foreign := locale != "" && locale != o.defaultLocale
	switch route.Kind {
	case nextbuild.AppPage:
		v.Output = OutputPage
	case nextbuild.AppRoute:
		v.Output = OutputRoute
	case nextbuild.PagesAPI:
		v.Output = OutputAPI
	default:
		v.Output = OutputPage
		foreign = false
	}
	if foreign {
		// Only pages of the Pages Router have locales.
		v.Output = OutputNone
		return false
	}
	v.Path, v.Page = path, page
	if v.asData && route.Data && (locale != "" || o.build.I18n == nil) {
		v.Output, v.Path = OutputData, o.dataPath(path, locale)
	}
	return true
}

// belowBase returns the path below the basePath, without the slash at its end.
func (o *outputs) belowBase(path string) (string, bool) {
	if !spelling.HasPathPrefix(path, o.build.BasePath) {
		return "", false
	}
	below := path[len(o.build.BasePath):]
	if len(below) > 1 {
		below = strings.TrimSuffix(below, "/")
	}
	if below == "" {
		below = "/"
	}
	return below, true
}

func (o *outputs) withoutLocale(below string) (plain, locale string) {
	if o.build.I18n == nil {
		return below, ""
	}
	plain = o.build.I18n.WithoutLocale(below)
	if plain == below {
		return below, ""
	}
	locale, _, _ = strings.Cut(below[1:], "/")
	return plain, locale
}

// dataPage returns the path of the page whose data a path asks for.
func (o *outputs) dataPage(below string) (string, bool) {
	rest, ok := strings.CutPrefix(below, "/_next/data/"+o.build.ID+"/")
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, ".json")
	if !ok {
		return "", false
	}
	page, _, ok := o.placeOfData("/" + rest)
	return page, ok
}
