package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"go.uber.org/zap"
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

// claimedPaths are the paths that the configuration gives to the zone. An export does not say where it is; without a build that does, it has
// everything.
func (c ZoneConfig) claimedPaths() []string {
	if c.Export != "" && c.Build == "" && len(c.Paths) == 0 {
		return []string{"/"}
	}
	return c.Paths
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

// elsewhere returns the path below which pages look for their files, if it is none of the zone's.
func (c ZoneConfig) elsewhere(assetPrefix string) string {
	if strings.Contains(assetPrefix, "//") || slices.ContainsFunc(c.claimedPaths(), func(path string) bool { return strings.TrimSuffix(path, "/") == assetPrefix }) {
		return ""
	}
	return assetPrefix + "/"
}

// serveExport returns what an export is served from, nil for a build that Next.js serves.
func (c ZoneConfig) serveExport(read *builds.Snapshot) *exportedSite {
	if read.Export == nil {
		return nil
	}
	site := &exportedSite{
		dir: read.Export.Dir, book: read.Export.Book, files: assets.ExportOf(read.Files), needs: read.Export.Needs,
	}
	if c.Build == "" {
		site.elsewhere = c.elsewhere(read.Export.AssetPrefix)
	}
	return site
}

// report says once, when an export is taken, what of the application it cannot do.
func (s *exportedSite) report(zone string, log *zap.Logger) {
	if unapplied := s.book.Unapplied(); len(unapplied)+len(s.needs) > 0 {
		log.Warn("the application has what its export cannot do, as no Next.js runs behind it",
			zap.String("zone", zone), zap.Strings("rules_not_applied", unapplied), zap.Strings("needs_a_server", s.needs))
	}
	if s.elsewhere != "" {
		log.Warn("pages of the export look for their files where the zone is not: write its basePath (and its assetPrefix) after `zone`, or name its build",
			zap.String("zone", zone), zap.String("they_look_below", s.elsewhere))
	}
	if held, files := s.files.Held(); held < files {
		log.Warn("files of the export that are removed before a new one is taken will be missing: the process may have too few files open (ulimit -n)",
			zap.String("zone", zone), zap.Int("held", held), zap.Int("files", files))
	}
}
