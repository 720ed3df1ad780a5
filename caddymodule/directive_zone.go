package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseZone reads one zone. Its arguments are told apart by their shape, in any order: /path, an upstream (it has a port, a scheme
// or a socket path), and at most one bare word, the name.
func parseZone(d *caddyfile.Dispenser) (ZoneConfig, error) {
	var zone ZoneConfig
	for d.NextArg() {
		switch arg := d.Val(); {
		case strings.HasPrefix(arg, "/"):
			zone.Paths = append(zone.Paths, arg)
		case looksLikeUpstream(arg):
			if err := checkUpstreamArg(d, arg); err != nil {
				return ZoneConfig{}, err
			}
			zone.Upstreams = append(zone.Upstreams, arg)
		case zone.Name != "":
			return ZoneConfig{}, d.Errf("zone %s: %q is neither a path (/…) nor an upstream (host:port, unix//…, a URL), and the zone has a name already",
				zone.Name, arg)
		default:
			zone.Name = arg
		}
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch word := d.Val(); word {
		case "build":
			if err := oneArg(d, &zone.Build, "a directory"); err != nil {
				return ZoneConfig{}, err
			}
		case "export":
			if err := oneArg(d, &zone.Export, "a directory"); err != nil {
				return ZoneConfig{}, err
			}
		case "image":
			if err := zone.parseImage(d); err != nil {
				return ZoneConfig{}, err
			}
		case "optional":
			if d.NextArg() {
				return ZoneConfig{}, d.Errf("optional takes no arguments, found %q", d.Val())
			}
			zone.Optional = true
		case "dev":
			if err := zone.parseDev(d); err != nil {
				return ZoneConfig{}, err
			}
		case "host":
			hosts := d.RemainingArgs()
			if len(hosts) == 0 {
				return ZoneConfig{}, d.Err("host takes one or more host names, such as example.com or *.example.com")
			}
			zone.Host = append(zone.Host, hosts...)
		default:
			return ZoneConfig{}, d.Errf("unknown word %q in zone %s; allowed: %s", word, zone.label(), strings.Join(zoneWords, ", "))
		}
	}
	if err := zone.checkExport(); err != nil {
		return ZoneConfig{}, d.Errf("zone %s: %v", zone.label(), err)
	}
	if len(zone.Upstreams) == 0 && zone.Export == "" {
		return ZoneConfig{}, d.Errf("zone %s has no upstream: write host:port, unix//path or a URL after its path", zone.label())
	}
	if len(zone.claimedPaths()) == 0 && zone.Build == "" {
		return ZoneConfig{}, d.Errf("zone %s has neither a path (`zone /blog …`) nor a build that says one", zone.label())
	}
	if err := zone.checkDev(); err != nil {
		return ZoneConfig{}, d.Errf("zone %s: %v", zone.label(), err)
	}
	return zone, nil
}

// checkUpstreamArg refuses an upstream that cannot be right. One with a placeholder is checked when the configuration is loaded.
func checkUpstreamArg(d *caddyfile.Dispenser, arg string) error {
	if strings.Contains(arg, "{") {
		return nil
	}
	if _, err := parseUpstream(arg); err != nil {
		return d.Errf("upstream %q: %v", arg, err)
	}
	return nil
}
