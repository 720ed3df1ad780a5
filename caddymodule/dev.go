package caddymodule

import (
	"errors"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

var (
	errDevWithBuild = errors.New("dev and build exclude each other: a build says what `next start` answers, while `next dev` compiles what is asked for and " +
		"knows no build; leave out build, and write the paths of the zone (its basePath, its assetPrefix) after `zone`")
	errDevUpstreams = errors.New("dev takes one upstream: a page and its HMR socket must reach the same dev server")
	errDevImage     = errors.New("dev and image exclude each other: `next dev` makes its pictures itself; leave out image")
)

// checkDev refuses what cannot stand beside `dev`.
func (c ZoneConfig) checkDev() error {
	switch {
	case !c.Dev:
	case c.Build != "":
		return errDevWithBuild
	case len(c.Upstreams) > 1:
		return errDevUpstreams
	case c.Image != nil && !c.Image.Off:
		return errDevImage
	}
	return nil
}

// parseDev reads the word `dev` of a zone.
func (c *ZoneConfig) parseDev(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("dev takes no argument, found %q", d.Val())
	}
	c.Dev = true
	return nil
}
