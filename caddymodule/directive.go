package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/guard"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/speculation"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words of the directive's blocks, as messages list them. A test compares them with the reference in docs/caddyfile.md.
var (
	directiveWords = append([]string{
		"zone", "build", "dev", "watch", "upgrade_timeout", "max_header_size", "speculation", "asset_host", "static",
		"image", "cache", "cdn", "shared_404", "repair", "show_query", "proxy",
	}, fleet.Words...)
	zoneWords = slices.Sorted(slices.Values(append([]string{"build", "dev", "export", "host", "image", "optional"}, fleet.Words...)))
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
	speculation    *speculation.Settings
	cache          *pages.SiteSettings
	repair         *edge.Repairs
	shared         edge.SharedCaches
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
//			health  off|tcp|<path> { … }   # what upstreams are asked
//			eject   off|{ … }          # those whose answers are bad
//			slow_start     off|<duration>
//			max_concurrent <number>
//			sticky  cookie [<secret>]|header <name>
//			refresh <duration>         # how often DNS is asked
//			resolvers <servers...>
//			versions  ipv4|ipv6...
//		}
//		build           <directory>     # with upstreams on the directive's own line
//		dev                             # likewise
//		watch           <duration>
//		upgrade_timeout <duration>
//		max_header_size <size>
//		speculation     off|prefetch|prerender [conservative|moderate|eager]
//		asset_host
//		static          off
//		image           off|{ … }       # with upstreams on the directive's own line, and so all from health to versions
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

// refusePathArgument catches what reads like a zone but would be Caddy's request matcher, and leaves d at the
// directive's name.
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
		s.watch, err = words.PositiveDuration(d)
	case "upgrade_timeout":
		s.upgradeTimeout, err = words.PositiveDuration(d)
	case "max_header_size":
		s.maxHeaderSize, err = proxy.ParseHeaderSize(d)
	case "speculation":
		s.speculation, err = speculation.Parse(d)
	case "asset_host":
		err = s.parseAssetHost(d)
	case "static":
		err = s.parseStatic(d)
	case "cache":
		s.cache, err = pages.ParseSite(d)
	case "repair":
		s.repair, err = guard.ParseRepairs(d)
	case "cdn", "shared_404":
		err = proxy.ParseSharedCaches(d, &s.shared)
	case "show_query":
		s.showQuery, err = true, words.NoArgs(d)
	case "proxy":
		s.proxy, err = proxy.Parse(s.helper)
	default:
		if slices.Contains(fleet.Words, word) {
			return s.parseInlineWord(word)
		}
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
		if err := words.OneArg(d, &zone.Build, "a directory"); err != nil {
			return err
		}
		// The build knows its basePath better than the line above does.
		zone.Name, zone.Paths = "root", nil
		return nil
	case "dev":
		return zone.parseDev(d)
	case "image":
		return zone.parseImage(d)
	}
	return zone.ParseWord(d)
}
