package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// placeZones gives each zone its part of the site. taken[i] is the build of configs[i], or nil.
func placeZones(configs []ZoneConfig, taken []*build) ([]*zones.Zone, error) {
	list := make([]*zones.Zone, len(configs))
	for i, config := range configs {
		zone := &zones.Zone{Name: config.Name, Paths: config.claimedPaths(), Hosts: config.Host, Dev: config.Dev}
		if read := taken[i]; read != nil {
			zone.Claims, zone.HasFile, zone.PreviewIDs = read.Claims, read.Claims.HasFile, [][32]byte{read.PreviewID}
			if read.export != nil {
				zone.HasFile = read.export.RuleSet.HasFile
			}
			if err := config.checkPaths(read.Build); err != nil {
				return nil, fmt.Errorf("zone %s: build %s: %w", config.label(), config.Build, err)
			}
			if len(zone.Paths) == 0 && read.BasePath != "" {
				zone.Paths = []string{read.BasePath}
				if len(configs) == 1 {
					// It answers for all of the site: redirects with `basePath: false`, its own page for what is not
					// found.
					zone.Paths = append(zone.Paths, "/")
				}
			}
		}
		list[i] = zone
	}
	if err := placeWithoutPath(configs, list, taken); err != nil {
		return nil, err
	}
	placeWithoutBuild(configs, list, taken)
	for i, zone := range list {
		if read := taken[i]; read != nil && read.AssetPath() != "" {
			// Below its assetPrefix Next.js answers nothing but its own files.
			zone.Paths = append(zone.Paths[:len(zone.Paths):len(zone.Paths)], read.AssetPath()+"/_next")
		}
		switch {
		case configs[i].lacksBuild(taken[i]):
			zone.Name = configs[i].label()
		case len(zone.Paths) == 0 && !zone.ByRoutes:
			return nil, fmt.Errorf("zone %s: it has neither a path nor a build that says one", configs[i].label())
		case zone.Name == "" && len(zone.Paths) == 0:
			return nil, fmt.Errorf("zone %s: its build has neither basePath nor assetPrefix, so it needs a name: "+
				"a bare word after `zone`", configs[i].label())
		case zone.Name == "":
			zone.Name = defaultZoneName(strings.TrimSuffix(zone.Paths[0], "/_next"))
		}
	}
	return list, nil
}

// placeWithoutPath places the zones that neither the configuration nor a basePath has placed. One of them may have
// everything that no other claims; the rest have what their builds name, as in Next.js's own multi-zones by
// assetPrefix.
func placeWithoutPath(configs []ZoneConfig, list []*zones.Zone, taken []*build) error {
	for i, zone := range list {
		if len(zone.Paths) > 0 || taken[i] == nil {
			continue
		}
		var without []string // zones of the same hosts that could have the rest as well, for they have no assetPrefix
		held := false
		isUnplacedNeighbour := func(other *zones.Zone) bool {
			return other != zone && len(other.Paths) == 0 && shareHost(zone, other)
		}
		for j, other := range list {
			if i == j || !shareHost(zone, other) {
				continue
			}
			switch {
			case slices.Contains(other.Paths, "/"):
				held = true
			case len(other.Paths) == 0 && taken[j] != nil && taken[j].AssetPrefix == "":
				without = append(without, configs[j].label())
			}
		}
		switch {
		case held:
			zone.ByRoutes = true
		case taken[i].AssetPrefix == "" && len(without) > 0:
			return fmt.Errorf("zones %s and %s both have a build without basePath and assetPrefix: "+
				"write / after the one that has the rest of the site", configs[i].label(), without[0])
		case taken[i].AssetPrefix != "" && slices.ContainsFunc(list, isUnplacedNeighbour):
			zone.ByRoutes = true
		}
	}
	for i, zone := range list {
		if len(zone.Paths) == 0 && !zone.ByRoutes && taken[i] != nil {
			zone.Paths = []string{"/"}
		}
	}
	return nil
}

// lacksBuild reports whether the zone names a build and has none yet.
func (c ZoneConfig) lacksBuild(read *build) bool { return read == nil && c.Build != "" }

// placeWithoutBuild places the zones whose builds are missing and would say where they are: one of them has everything
// that no other claims. The rest have nothing until their builds come.
func placeWithoutBuild(configs []ZoneConfig, list []*zones.Zone, taken []*build) {
	for i, zone := range list {
		if len(zone.Paths) > 0 || !configs[i].lacksBuild(taken[i]) {
			continue
		}
		hasRest := func(other *zones.Zone) bool { return slices.Contains(other.Paths, "/") && shareHost(zone, other) }
		if !slices.ContainsFunc(list, hasRest) {
			zone.Paths = []string{"/"}
		}
	}
}

// shareHost reports whether a request may belong to either zone by its host.
func shareHost(a, b *zones.Zone) bool {
	if len(a.Hosts) == 0 && len(b.Hosts) == 0 {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(host string) bool { return slices.Contains(b.Hosts, host) })
}

// checkPaths refuses paths that the zone's build does not answer.
func (c ZoneConfig) checkPaths(b *nextbuild.Build) error {
	for _, path := range c.Paths {
		if b.BasePath != "" && path != b.BasePath && !strings.HasPrefix(path, b.BasePath+"/") {
			return fmt.Errorf("path %s is outside its basePath %s, where Next.js answers 404", path, b.BasePath)
		}
	}
	return nil
}

// basePathOf is where a zone is, as far as its paths tell.
func basePathOf(facts *edge.Zone) string {
	if facts.Build != nil {
		return facts.Build.BasePath
	}
	for _, path := range facts.Paths {
		if path != "/" {
			return path
		}
	}
	return ""
}
