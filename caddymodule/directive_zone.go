package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// parseZone reads one zone.
func parseZone(d *caddyfile.Dispenser) (ZoneConfig, error) {
	var zone ZoneConfig
	for d.NextArg() {
		if err := zone.parseArgument(d, d.Val()); err != nil {
			return ZoneConfig{}, err
		}
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := zone.parseWord(d, d.Val()); err != nil {
			return ZoneConfig{}, err
		}
	}
	if err := zone.checkComplete(d); err != nil {
		return ZoneConfig{}, err
	}
	return zone, nil
}

// parseArgument reads an argument of a zone. They are told apart by their shape, in any order: /path, an upstream (it
// has a port, a scheme or a socket path), and at most one bare word, the name.
func (c *ZoneConfig) parseArgument(d *caddyfile.Dispenser, arg string) error {
	switch {
	case strings.HasPrefix(arg, "/"):
		c.Paths = append(c.Paths, arg)
	case fleet.LooksLikeAddress(arg):
		if err := checkUpstreamArg(d, arg); err != nil {
			return err
		}
		c.Upstreams = append(c.Upstreams, arg)
	case c.Name != "":
		return d.Errf("zone %s: %q is neither a path (/…) nor an upstream (host:port, unix//…, a URL), and the zone has a name already",
			c.Name, arg)
	default:
		c.Name = arg
	}
	return nil
}

// parseWord reads a word of a zone's block.
func (c *ZoneConfig) parseWord(d *caddyfile.Dispenser, word string) error {
	switch word {
	case "build":
		return words.OneArg(d, &c.Build, "a directory")
	case "export":
		return words.OneArg(d, &c.Export, "a directory")
	case "image":
		return c.parseImage(d)
	case "optional":
		c.Optional = true
		return words.NoArgs(d)
	case "dev":
		return c.parseDev(d)
	case "host":
		hosts := d.RemainingArgs()
		if len(hosts) == 0 {
			return d.Err("host takes one or more host names, such as example.com or *.example.com")
		}
		c.Host = append(c.Host, hosts...)
		return nil
	}
	if slices.Contains(fleet.Words, word) {
		return c.ParseWord(d)
	}
	return d.Errf("unknown word %q in zone %s; allowed: %s", word, c.label(), strings.Join(zoneWords, ", "))
}

// checkComplete finds what is missing in a zone, or cannot stand together.
func (c *ZoneConfig) checkComplete(d *caddyfile.Dispenser) error {
	if err := c.checkExport(); err != nil {
		return d.Errf("zone %s: %v", c.label(), err)
	}
	if len(c.Upstreams) == 0 && c.Export == "" {
		return d.Errf("zone %s has no upstream: write host:port, unix//path or a URL after its path", c.label())
	}
	if len(c.claimedPaths()) == 0 && c.Build == "" {
		return d.Errf("zone %s has neither a path (`zone /blog …`) nor a build that says one", c.label())
	}
	if err := c.checkDev(); err != nil {
		return d.Errf("zone %s: %v", c.label(), err)
	}
	return nil
}

// checkUpstreamArg refuses an upstream that cannot be right. One with a placeholder is checked when the configuration
// is loaded.
func checkUpstreamArg(d *caddyfile.Dispenser, arg string) error {
	if strings.Contains(arg, "{") {
		return nil
	}
	if _, err := fleet.ParseSource(arg); err != nil {
		return d.Errf("upstream %q: %v", arg, err)
	}
	return nil
}

// parseImage reads `image off`, or what the zone's optimizer allows.
func (c *ZoneConfig) parseImage(d *caddyfile.Dispenser) (err error) {
	if c.Image != nil {
		return d.Err("image is written twice")
	}
	c.Image, err = images.ParseZone(d)
	return err
}

// check finds at adapt time what would otherwise be found when the configuration is loaded. What builds claim is not
// known here.
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

// parseStatic reads `static off`.
func (s *directive) parseStatic(d *caddyfile.Dispenser) error {
	if args := d.RemainingArgs(); len(args) != 1 || args[0] != "off" {
		return d.Errf("static takes off here, found %q; its bounds are global options: `nextjs { static { … } }`", strings.Join(args, " "))
	}
	s.staticOff = true
	return nil
}

// parseAssetHost reads `asset_host`.
func (s *directive) parseAssetHost(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("asset_host takes no arguments, found %q: the address of the site says the host", d.Val())
	}
	s.assetHost = true
	return nil
}
