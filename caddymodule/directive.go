package caddymodule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Words of the directive's blocks, as messages list them. A test compares them with the reference in docs/caddyfile.md.
var (
	directiveWords = []string{
		"zone", "build", "dev", "watch", "upgrade_timeout", "max_header_size", "speculation", "asset_host", "static",
		"image", "cache", "cdn", "shared_404", "repair", "show_query", "proxy",
	}
	zoneWords = []string{"build", "dev", "export", "host", "image", "optional"}
)

// site is what one `nextjs` directive says.
type site struct {
	zones          []ZoneConfig
	watch          caddy.Duration
	upgradeTimeout caddy.Duration
	maxHeaderSize  int
	staticOff      bool
	assetHost      bool
	showQuery      bool
	speculation    *Speculation
	cache          *SiteCache
	repair         *Repairs
	shared         SharedCaches
	proxy          reverseproxy.Handler
}

// parseDirective reads the `nextjs` directive. It is a macro:
//
//	nextjs [<matcher>] [<upstreams...>] {
//		zone [</path...>] [<name>] <upstreams...> {
//			build <directory>
//			dev
//			export <directory>         # instead of upstreams
//			host  <names...>
//			image off|{ … }            # what the zone's image optimizer allows
//			optional
//		}
//		build           <directory>     # with upstreams on the directive's own line
//		dev                             # likewise
//		watch           <duration>
//		upgrade_timeout <duration>
//		max_header_size <size>
//		speculation     off|prefetch|prerender [conservative|moderate|eager]
//		asset_host
//		static          off
//		image           off|{ … }       # with upstreams on the directive's own line
//		cdn
//		shared_404      <duration>
//		repair          off|{ … }       # what Next.js gets wrong
//		show_query
//		proxy {
//			<subdirectives of reverse_proxy...>
//		}
//	}
//
// stands for these handlers, in one route:
//
//	nextjs          # the zones
//	nextjs_encode   # zstd, br, gzip
//	nextjs_static   # files
//	nextjs_image    # /_next/image
//	reverse_proxy {
//		dynamic nextjs
//		transport nextjs
//		flush_interval 1ms
//		stream_close_delay 24h
//		lb_retries …
//		header_up -Accept-Encoding
//	}
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	if !h.Next() {
		return nil, h.ArgErr()
	}
	if err := refusePathArgument(h.Dispenser); err != nil {
		return nil, err
	}
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	h.Next()
	s, err := parseSite(h)
	if err != nil {
		return nil, err
	}
	handlers, err := s.handlers()
	if err != nil {
		return nil, err
	}
	route := caddyhttp.Route{HandlersRaw: handlers}
	if matchers != nil {
		route.MatcherSetsRaw = caddyhttp.RawMatcherSets{matchers}
	}
	return []httpcaddyfile.ConfigValue{{Class: "route", Value: route}}, nil
}

// refusePathArgument catches what reads like a zone but would be Caddy's request matcher, and leaves d at the directive's name.
func refusePathArgument(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) > 0 && strings.HasPrefix(args[0], "/") {
		upstreams := "<upstreams...>"
		if len(args) > 1 {
			upstreams = strings.Join(args[1:], " ")
		}
		return d.Errf("nextjs %s: a path here would be Caddy's request matcher, not a zone; write\n\tnextjs {\n\t\tzone %s %s\n\t}",
			args[0], args[0], upstreams)
	}
	d.Reset()
	d.Next()
	return nil
}

func parseSite(h httpcaddyfile.Helper) (*site, error) {
	s := new(site)
	inline, err := parseInlineUpstreams(h.Dispenser)
	if err != nil {
		return nil, err
	}
	if len(inline) > 0 {
		s.zones = []ZoneConfig{{Paths: []string{"/"}, Upstreams: inline}}
	}
	seen := map[string]bool{}
	for h.NextBlock(0) {
		word := h.Val()
		if word != "zone" && seen[word] {
			return nil, h.Errf("%s is written twice", word)
		}
		seen[word] = true
		switch word {
		case "zone":
			if len(inline) > 0 {
				return nil, h.Errf("upstreams on the directive's own line make a single zone; with more zones write that one as `zone / %s`",
					strings.Join(inline, " "))
			}
			file, line := h.File(), h.Line()
			zone, err := parseZone(h.Dispenser)
			if err != nil {
				return nil, err
			}
			s.zones = append(s.zones, zone)
			if err := s.check(); err != nil {
				return nil, fmt.Errorf("%w, at %s:%d", err, file, line)
			}
		case "build":
			if len(inline) == 0 {
				return nil, h.Err("build belongs into a zone's block, or to upstreams on the directive's own line")
			}
			if err := oneArg(h.Dispenser, &s.zones[0].Build, "a directory"); err != nil {
				return nil, err
			}
			// The build knows its basePath better than the line above does.
			s.zones[0].Name, s.zones[0].Paths = "root", nil
		case "dev":
			if len(inline) == 0 {
				return nil, h.Err("dev belongs into a zone's block, or to upstreams on the directive's own line")
			}
			if err := s.zones[0].parseDev(h.Dispenser); err != nil {
				return nil, err
			}
		case "image":
			if len(inline) == 0 {
				return nil, h.Err("image belongs into a zone's block, or to upstreams on the directive's own line; its bounds are global options: `nextjs { image { … } }`")
			}
			if err := s.zones[0].parseImage(h.Dispenser); err != nil {
				return nil, err
			}
		case "export":
			return nil, h.Err("export belongs into a zone's block, which has no upstreams: `zone / { export ./out }`")
		case "watch":
			if s.watch, err = positiveDuration(h.Dispenser); err != nil {
				return nil, err
			}
		case "upgrade_timeout":
			if s.upgradeTimeout, err = positiveDuration(h.Dispenser); err != nil {
				return nil, err
			}
		case "max_header_size":
			if s.maxHeaderSize, err = headerSize(h.Dispenser); err != nil {
				return nil, err
			}
		case "speculation":
			if s.speculation, err = parseSpeculation(h.Dispenser); err != nil {
				return nil, err
			}
		case "asset_host":
			if err := s.parseAssetHost(h.Dispenser); err != nil {
				return nil, err
			}
		case "static":
			if err := s.parseStatic(h.Dispenser); err != nil {
				return nil, err
			}
		case "cache":
			if err := s.parseCache(h.Dispenser); err != nil {
				return nil, err
			}
		case "repair":
			if err := s.parseRepair(h.Dispenser); err != nil {
				return nil, err
			}
		case "cdn", "shared_404":
			if err := s.shared.parse(h.Dispenser); err != nil {
				return nil, err
			}
		case "show_query":
			s.showQuery = true
			if err := noArgs(h.Dispenser); err != nil {
				return nil, err
			}
		case "proxy":
			if s.proxy, err = parseProxy(h); err != nil {
				return nil, err
			}
		default:
			return nil, h.Errf("unknown word %q in nextjs; allowed: %s", word, strings.Join(directiveWords, ", "))
		}
	}
	if len(s.zones) == 0 {
		return nil, h.Err("nextjs needs an upstream (`nextjs localhost:3000`) or a zone (`zone / localhost:3000`)")
	}
	if err := s.zones[0].checkDev(); err != nil {
		return nil, h.Err(err.Error())
	}
	return s, nil
}

// check finds at adapt time what would otherwise be found when the configuration is loaded. What builds claim is not known here.
func (s *site) check() error {
	list := make([]*zones.Zone, len(s.zones))
	for i, zone := range s.zones {
		name := zone.label()
		if zone.Name == "" && len(zone.Paths) == 0 {
			name = fmt.Sprintf("zone number %d", i+1)
		}
		list[i] = &zones.Zone{Name: name, Paths: zone.claimedPaths(), Hosts: zone.Host}
	}
	if _, err := zones.NewTable(list); err != nil {
		return explainDefaultPath(err, s.zones)
	}
	return nil
}

func parseInlineUpstreams(d *caddyfile.Dispenser) ([]string, error) {
	upstreams := d.RemainingArgs()
	for _, upstream := range upstreams {
		if err := checkUpstreamArg(d, upstream); err != nil {
			return nil, err
		}
	}
	return upstreams, nil
}

// handlers returns the handlers that the directive stands for.
func (s *site) handlers() ([]json.RawMessage, error) {
	proxy, err := s.proxyHandler()
	if err != nil {
		return nil, err
	}
	handlers := []json.RawMessage{
		caddyconfig.JSONModuleObject(&Handler{
			Zones: s.zones, Watch: s.watch, Speculation: s.speculation, AssetHost: s.assetHost, StaticOff: s.staticOff, Cache: s.cache,
			MaxHeaderSize: s.maxHeaderSize, ShowQuery: s.showQuery, Repair: s.repair, SharedCaches: s.shared,
		}, "handler", "nextjs", nil),
		caddyconfig.JSONModuleObject(Encode{}, "handler", "nextjs_encode", nil),
	}
	if !s.staticOff || slices.ContainsFunc(s.zones, func(zone ZoneConfig) bool { return zone.Export != "" }) {
		handlers = append(handlers, caddyconfig.JSONModuleObject(Static{}, "handler", "nextjs_static", nil))
	}
	if (&Handler{Zones: s.zones, AssetHost: s.assetHost}).makesPictures() {
		handlers = append(handlers, caddyconfig.JSONModuleObject(Image{}, "handler", "nextjs_image", nil))
	}
	if (&Handler{Zones: s.zones, AssetHost: s.assetHost, Cache: s.cache}).keepsPages() {
		handlers = append(handlers, caddyconfig.JSONModuleObject(Cache{}, "handler", "nextjs_cache", nil))
	}
	return append(handlers, caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil)), nil
}
