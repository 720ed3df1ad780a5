package caddymodule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// ZoneConfig is one Next.js application and the part of the site that is its own.
type ZoneConfig struct {
	// Name in logs and metrics. Default: the first path without slashes, "root" for "/".
	Name string `json:"name,omitempty"`

	// Path prefixes that belong to the zone, matched on segment boundaries as Next.js matches its basePath: by the bytes of the
	// request, case-sensitive. Default: what the build says (its basePath, and its assetPrefix if that is a path).
	Paths []string `json:"paths,omitempty"`

	// Hosts the zone is limited to: names, or `*.example.com` for one label more. Default: every host of the site.
	Host []string `json:"host,omitempty"`

	// Addresses that answer for the zone: host:port, unix//path/to/socket, http://… or https://… URLs.
	Upstreams []string `json:"upstreams,omitempty"`

	// Directory of the zone's build: its .next, or what holds one. The basePath and assetPrefix are read from it.
	Build string `json:"build,omitempty"`
}

// zone turns the configuration into a zone without its upstreams, reading its build if it names one.
func (c ZoneConfig) zone(repl *caddy.Replacer) (*zones.Zone, error) {
	zone := &zones.Zone{Name: c.Name, Paths: c.Paths, Hosts: c.Host}
	if c.Build != "" {
		build, err := nextbuild.Read(repl.ReplaceKnown(c.Build, ""))
		if err != nil {
			return nil, fmt.Errorf("zone %s: build: %w", c.label(), err)
		}
		if zone.Paths, err = pathsOf(build, c.Paths); err != nil {
			return nil, fmt.Errorf("zone %s: build %s: %w", c.label(), c.Build, err)
		}
	}
	if len(zone.Paths) == 0 {
		return nil, fmt.Errorf("zone %s: it has neither a path nor a build that says one", c.label())
	}
	if len(c.Upstreams) == 0 {
		return nil, fmt.Errorf("zone %s: it has no upstream", c.label())
	}
	if zone.Name == "" {
		zone.Name = defaultZoneName(zone.Paths[0])
	}
	return zone, nil
}

// label names the zone in messages before its paths are known.
func (c ZoneConfig) label() string {
	switch {
	case c.Name != "":
		return c.Name
	case len(c.Paths) > 0:
		return defaultZoneName(c.Paths[0])
	case len(c.Upstreams) > 0:
		return "of " + c.Upstreams[0]
	}
	return "without name"
}

// pathsOf returns what a build claims when its zone is configured with the given paths.
func pathsOf(build nextbuild.Build, configured []string) ([]string, error) {
	paths := configured
	if len(paths) == 0 {
		paths = []string{build.BasePath}
		if build.BasePath == "" {
			paths[0] = "/"
		}
	}
	for _, path := range configured {
		if build.BasePath != "" && path != build.BasePath && !strings.HasPrefix(path, build.BasePath+"/") {
			return nil, fmt.Errorf("path %s is outside its basePath %s, where Next.js answers 404", path, build.BasePath)
		}
	}
	if asset := build.AssetPath(); asset != "" {
		// Below its assetPrefix Next.js answers nothing but its own files.
		paths = append(paths[:len(paths):len(paths)], asset+"/_next")
	}
	return paths, nil
}

func defaultZoneName(path string) string {
	if name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"); name != "" {
		return name
	}
	return "root"
}

// upstreamAddresses reads the zone's upstreams, replacing global placeholders such as {env.WEB}.
func (c ZoneConfig) upstreamAddresses(repl *caddy.Replacer) ([]upstreamAddress, error) {
	addresses := make([]upstreamAddress, 0, len(c.Upstreams))
	for _, upstream := range c.Upstreams {
		replaced, err := repl.ReplaceOrErr(upstream, true, true)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		address, err := parseUpstream(replaced)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

var errNoZones = errors.New("it needs at least one zone")
