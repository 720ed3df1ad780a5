package caddymodule

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// build is what a zone of a site is served from.
type build struct {
	*nextbuild.Build
	*builds.Snapshot
	export *edge.Export // nil: Next.js serves it
}

// logWarnings logs what a build shows to be wrong when a zone begins with it or takes it.
func (b *build) logWarnings(zone string, log *zap.Logger) {
	b.logAdvice(zone, log)
	if b != nil && b.export != nil {
		logExport(b.export, zone, log)
	}
}

// logAdvice logs what a build shows to be wrong, once for each build.
func (b *build) logAdvice(zone string, logger *zap.Logger) {
	if b == nil {
		return
	}
	for _, advice := range b.RuleSet.Advice() {
		if edge.LogLimitOf(zone, b.Hash+advice.Name).Once() {
			logger.Warn(advice.Message,
				zap.String("zone", zone), zap.String("advice", advice.Name), zap.String("remedy", advice.Remedy))
		}
	}
}

// serve returns what the zone is served from, nil without a build.
func (c ZoneConfig) serve(read *builds.Snapshot) *build {
	if read == nil {
		return nil
	}
	return &build{read.Build.Build, read, c.serveExport(read)}
}

// elsewhere returns the path below which pages look for their files, if it is none of the zone's.
func (c ZoneConfig) elsewhere(assetPrefix string) string {
	isIt := func(path string) bool { return strings.TrimSuffix(path, "/") == assetPrefix }
	if strings.Contains(assetPrefix, "//") || slices.ContainsFunc(c.claimedPaths(), isIt) {
		return ""
	}
	return assetPrefix + "/"
}

// serveExport returns what an export is served from, nil for a build that Next.js serves.
func (c ZoneConfig) serveExport(read *builds.Snapshot) *edge.Export {
	if read.Export == nil {
		return nil
	}
	site := &edge.Export{
		Dir: read.Export.Dir, RuleSet: read.Export.RuleSet, Files: assets.ExportOf(read.Files), Needs: read.Export.Needs,
	}
	if c.Build == "" {
		site.Elsewhere = c.elsewhere(read.Export.AssetPrefix)
	}
	return site
}

// logExport logs, when an export is taken, what of the application it cannot do.
func logExport(s *edge.Export, zone string, log *zap.Logger) {
	if unapplied := s.RuleSet.Unapplied(); len(unapplied)+len(s.Needs) > 0 {
		log.Warn("the application has what its export cannot do, as no Next.js runs behind it",
			zap.String("zone", zone), zap.Strings("rules_not_applied", unapplied), zap.Strings("needs_a_server", s.Needs))
	}
	if s.Elsewhere != "" {
		log.Warn("pages of the export look for their files where the zone is not: "+
			"write its basePath (and its assetPrefix) after `zone`, or name its build",
			zap.String("zone", zone), zap.String("they_look_below", s.Elsewhere))
	}
	if held, files := s.Files.Held(); held < files {
		log.Warn("files of the export that are removed before a new one is taken will be missing: "+
			"the process may have too few files open (ulimit -n)",
			zap.String("zone", zone), zap.Int("held", held), zap.Int("files", files))
	}
}
