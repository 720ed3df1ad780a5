package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// placeAssetHost gives each zone its part of a site of files. What a build's assetPrefix names stands below the path of
// that URL; files of builds whose URLs have the same path are told apart by their names, and what no build names goes
// to the first of them.
func placeAssetHost(configs []ZoneConfig, builds []*build) ([]*zones.Zone, error) {
	list := make([]*zones.Zone, len(configs))
	holder := map[string]string{}
	for i, config := range configs {
		zone := &zones.Zone{Name: config.Name, Paths: config.Paths, Hosts: config.Host}
		if read := builds[i]; read != nil {
			path, err := read.assetURLPath()
			if err != nil {
				return nil, fmt.Errorf("zone %s: build %s: %w", config.label(), config.Build, err)
			}
			// That of a build with a page in common would not do: pages are not served here.
			zone.Claims, zone.Paths = zones.NewStaticClaims(read.Build), nil
			switch other := holder[path]; {
			case other == "":
				zone.Paths = []string{path + "/"}
			case path == "":
				zone.ByRoutes = true
			default:
				return nil, fmt.Errorf("zones %s and %s both have files below %s: "+
					"give one of them an assetPrefix with another path, or none",
					other, config.label(), path)
			}
			holder[path] = config.label()
		}
		if zone.Name == "" && len(config.Paths) == 0 {
			return nil, fmt.Errorf("zone %s: beside asset_host it needs a name: a bare word after `zone`", config.label())
		}
		if zone.Name == "" {
			zone.Name = defaultZoneName(config.Paths[0])
		}
		list[i] = zone
	}
	return list, nil
}

// assetURLPath returns the path below which pages of the build ask another host for its files, without a slash at its
// end.
func (b *build) assetURLPath() (string, error) {
	prefix := b.AssetPrefix
	if prefix == "" {
		prefix = b.BasePath
	}
	u, err := url.Parse(prefix)
	if err != nil {
		return "", fmt.Errorf("reading its assetPrefix %s: %w", prefix, err)
	}
	return strings.TrimSuffix(u.EscapedPath(), "/"), nil
}

// placeAsset returns what a request to a site of files means in its zone, and asks for it as the zone's application
// knows it. Only files below /_next/static are served.
func placeAsset(f *edge.Zone, r *http.Request, m zones.Match) (zones.Match, bool) {
	if !m.AsWritten || !strings.HasPrefix(m.Path, "/_next/static/") {
		return m, false
	}
	if f.RuleSet == nil {
		return m, true // the zone's path is its basePath
	}
	full := f.Build.BasePath + m.Path
	if full == m.Full {
		return m, true
	}
	path, err := url.PathUnescape(full)
	if err != nil {
		return m, false
	}
	m.Full = full
	r.URL.Path, r.URL.RawPath = path, full
	return m, true
}
