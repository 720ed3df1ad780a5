package caddymodule

import (
	"errors"
	"fmt"
)

var (
	errExportUpstreams = errors.New("export and upstreams exclude each other: an exported application has no server, its files are all there is; leave out one of them")
	errExportImage     = errors.New("export and image exclude each other: an exported application has no optimizer; leave out image")
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
