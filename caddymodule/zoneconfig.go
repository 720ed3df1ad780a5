package caddymodule

import (
	"errors"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
)

// ZoneConfig is one Next.js application and the part of the site that is its own.
type ZoneConfig struct {
	// Name in logs and metrics. Default: the first path without slashes, "root" for "/".
	Name string `json:"name,omitempty"`

	// Path prefixes that belong to the zone, matched on segment boundaries as Next.js matches its basePath: by the
	// bytes of the request, case-sensitive. Default: what the build says (its basePath, and its assetPrefix if that is
	// a path).
	Paths []string `json:"paths,omitempty"`

	// Hosts the zone is limited to: names, or `*.example.com` for one label more. Default: every host of the site.
	Host []string `json:"host,omitempty"`

	// Addresses that answer for the zone: host:port, unix//path/to/socket, http://… or https://… URLs. Of
	// dns+http://name:port each address of the name is one, of srv+http://name each of its services.
	Upstreams []string `json:"upstreams,omitempty"`

	fleet.Settings

	// Directory of the zone's build: its .next, or what holds one. The basePath and assetPrefix are read from it.
	Build string `json:"build,omitempty"`

	// Directory that `next build` wrote with `output: 'export'`, usually `out`. Its files are the whole application: it
	// excludes `upstreams` and `dev`. With `build` beside it the redirects, headers and rewrites of that build apply,
	// and its basePath is where the zone is.
	Export string `json:"export,omitempty"`

	// The zone's only upstream is `next dev`. Its check of origins then passes for pages of the site itself, and
	// nothing is kept. Excludes `build`.
	Dev bool `json:"dev,omitempty"`

	// What the image optimizer of the zone allows. Default: what its build says.
	Image *images.ZoneSettings `json:"image,omitempty"`

	// Whether the edge is ready (`nextjs_health`) without an upstream that answers for the zone.
	Optional bool `json:"optional,omitempty"`
}

// namesBuild reports whether the zone has a build or an export.
func (c ZoneConfig) namesBuild() bool { return c.Build != "" || c.Export != "" }

// source is where the zone's build is read from.
func (c ZoneConfig) source(repl *caddy.Replacer) builds.Source {
	return builds.Source{Build: repl.ReplaceKnown(c.Build, ""), Export: repl.ReplaceKnown(c.Export, "")}
}

// label names the zone in messages before its paths are known.
func (c ZoneConfig) label() string {
	switch {
	case c.Name != "":
		return c.Name
	case len(c.claimedPaths()) > 0:
		return defaultZoneName(c.claimedPaths()[0])
	case len(c.Upstreams) > 0:
		return "of " + c.Upstreams[0]
	case c.Export != "":
		return "of " + c.Export
	}
	return "without name"
}

func defaultZoneName(path string) string {
	if name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"); name != "" {
		return name
	}
	return "root"
}

var errNoZones = errors.New("it needs at least one zone")

var errNoUpstream = errors.New("it has no upstream")

// claimedPaths are the paths that the configuration gives to the zone. An export does not say where it is; without a
// build that does, it has everything.
func (c ZoneConfig) claimedPaths() []string {
	if c.Export != "" && c.Build == "" && len(c.Paths) == 0 {
		return []string{"/"}
	}
	return c.Paths
}

// keepsPages reports whether pages of some zone are kept, as far as the configuration says. cache may be nil.
func keepsPages(list []ZoneConfig, cache *pages.SiteSettings) bool {
	if cache != nil && cache.Off {
		return false
	}
	return slices.ContainsFunc(list, func(zone ZoneConfig) bool {
		return !zone.Dev && zone.Export == "" && (zone.Build != "" || cache != nil)
	})
}

// makesPictures reports whether the pictures of any zone may be the edge's business.
func makesPictures(list []ZoneConfig) bool {
	return slices.ContainsFunc(list, ZoneConfig.mayMakePictures)
}

// mayMakePictures reports whether the pictures of the zone may be the edge's business.
func (c ZoneConfig) mayMakePictures() bool { return c.Export == "" && !c.Dev && !c.Image.IsOff() }
