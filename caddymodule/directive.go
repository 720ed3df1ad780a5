package caddymodule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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

// directive is what one `nextjs` directive says.
type directive struct {
	helper         httpcaddyfile.Helper
	inline         []string // upstreams on the directive's own line
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
	route := caddyhttp.Route{HandlersRaw: s.handlers()}
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

// parseSite reads what stands after the directive's name.
func parseSite(h httpcaddyfile.Helper) (*directive, error) {
	s := &directive{helper: h}
	if err := s.parseInlineZone(); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for h.NextBlock(0) {
		word := h.Val()
		if word != "zone" && seen[word] {
			return nil, h.Errf("%s is written twice", word)
		}
		seen[word] = true
		if err := s.parseWord(word); err != nil {
			return nil, err
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

// parseInlineZone reads the upstreams on the directive's own line: they make a single zone.
func (s *directive) parseInlineZone() error {
	for _, upstream := range s.helper.RemainingArgs() {
		if err := checkUpstreamArg(s.helper.Dispenser, upstream); err != nil {
			return err
		}
		s.inline = append(s.inline, upstream)
	}
	if len(s.inline) > 0 {
		s.zones = []ZoneConfig{{Paths: []string{"/"}, Upstreams: s.inline}}
	}
	return nil
}

// parseWord reads one word of the block.
func (s *directive) parseWord(word string) (err error) {
	d := s.helper.Dispenser
	switch word {
	case "zone":
		return s.parseZone()
	case "build", "dev", "image", "export":
		return s.parseInlineWord(word)
	case "watch":
		s.watch, err = positiveDuration(d)
	case "upgrade_timeout":
		s.upgradeTimeout, err = positiveDuration(d)
	case "max_header_size":
		s.maxHeaderSize, err = headerSize(d)
	case "speculation":
		s.speculation, err = parseSpeculation(d)
	case "asset_host":
		err = s.parseAssetHost(d)
	case "static":
		err = s.parseStatic(d)
	case "cache":
		s.cache, err = parseSiteCache(d)
	case "repair":
		err = s.parseRepair(d)
	case "cdn", "shared_404":
		err = s.shared.parse(d)
	case "show_query":
		s.showQuery, err = true, noArgs(d)
	case "proxy":
		s.proxy, err = parseProxy(s.helper)
	default:
		err = d.Errf("unknown word %q in nextjs; allowed: %s", word, strings.Join(directiveWords, ", "))
	}
	return err
}

// parseZone reads a zone of several.
func (s *directive) parseZone() error {
	d := s.helper.Dispenser
	if len(s.inline) > 0 {
		return d.Errf("upstreams on the directive's own line make a single zone; with more zones write that one as `zone / %s`",
			strings.Join(s.inline, " "))
	}
	file, line := d.File(), d.Line()
	zone, err := parseZone(d)
	if err != nil {
		return err
	}
	s.zones = append(s.zones, zone)
	if err := s.check(); err != nil {
		return fmt.Errorf("%w, at %s:%d", err, file, line)
	}
	return nil
}

// parseInlineWord reads a word of a zone that may stand in the directive's block if that has the only zone.
func (s *directive) parseInlineWord(word string) error {
	d := s.helper.Dispenser
	switch {
	case word == "export":
		return d.Err("export belongs into a zone's block, which has no upstreams: `zone / { export ./out }`")
	case len(s.inline) == 0 && word == "image":
		return d.Err("image belongs into a zone's block, or to upstreams on the directive's own line; its bounds are global options: `nextjs { image { … } }`")
	case len(s.inline) == 0:
		return d.Errf("%s belongs into a zone's block, or to upstreams on the directive's own line", word)
	}
	zone := &s.zones[0]
	switch word {
	case "build":
		if err := oneArg(d, &zone.Build, "a directory"); err != nil {
			return err
		}
		// The build knows its basePath better than the line above does.
		zone.Name, zone.Paths = "root", nil
		return nil
	case "dev":
		return zone.parseDev(d)
	}
	return zone.parseImage(d)
}

// check finds at adapt time what would otherwise be found when the configuration is loaded. What builds claim is not known here.
func (s *directive) check() error {
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

// upstreams is how many the largest zone has.
func (s *directive) upstreams() int {
	most := 0
	for _, zone := range s.zones {
		most = max(most, len(zone.Upstreams))
	}
	return most
}

// handlers returns the handlers that the directive stands for.
func (s *directive) handlers() []json.RawMessage {
	proxy := proxyHandler(s.proxy, time.Duration(s.upgradeTimeout), s.upstreams())
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
	return append(handlers, caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil))
}
