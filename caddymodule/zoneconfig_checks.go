package caddymodule

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
)

var (
	errExportUpstreams = errors.New("export and upstreams exclude each other: an exported application has no server, its files are all there is; leave out one of them")
	errExportImage     = errors.New("export and image exclude each other: an exported application has no optimizer; leave out image")
	errExportWords     = errors.New("an exported application has no upstreams: leave out " + strings.Join(fleet.Words, ", "))
	errExportWithDev   = errors.New("export and dev exclude each other: `next dev` serves no export; leave out one of them, and name the upstream beside dev")
)

// checkExport refuses what cannot stand beside `export`.
func (c ZoneConfig) checkExport() error {
	switch {
	case c.Export == "":
	case c.Dev:
		return errExportWithDev
	case len(c.Upstreams) > 0:
		return errExportUpstreams
	case c.Image != nil:
		return errExportImage
	case !reflect.ValueOf(c.Settings).IsZero():
		return errExportWords
	}
	return nil
}

// explainDefaultPath adds to an error about paths which zone has / though nobody wrote it.
func explainDefaultPath(err error, list []ZoneConfig) error {
	for _, zone := range list {
		if len(zone.claimedPaths()) > len(zone.Paths) {
			return fmt.Errorf("%w (an export does not say its basePath: zone %s has / unless you write another path after `zone`, or name its build)", err, zone.label())
		}
	}
	return err
}

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
