package caddymodule

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// space names the application of a zone in what is kept: files that pass through, pictures and pages. Zones with one
// name on different sites may be different applications, and so may two processes with the same build: each has its own
// data. So zones share a space only if name, build, export and upstreams are the same: upstreams as they are written,
// so that nothing is lost when a name leads to other addresses.
//
// Paths and upstreams count as they are after placeholders are replaced, because what is kept outlives the process
// and a placeholder may then stand for something else.
func (c ZoneConfig) space(name string, sources []deploy.Source) (string, error) {
	parts := []string{name}
	for _, dir := range [...]string{c.Build, c.Export} {
		if dir != "" {
			absolute, err := filepath.Abs(caddy.NewReplacer().ReplaceKnown(dir, ""))
			if err != nil {
				return "", fmt.Errorf("finding the directory %s: %w", dir, err)
			}
			dir = absolute
		}
		parts = append(parts, dir)
	}
	written := make([]string, len(sources))
	for i, source := range sources {
		written[i] = source.String()
	}
	slices.Sort(written)
	parts = append(parts, slices.Compact(written)...)
	isFound := func(source deploy.Source) bool { return source.Kind != deploy.FixedSource }
	if slices.ContainsFunc(sources, isFound) && len(c.Resolvers)+len(c.Versions) > 0 {
		// One name may lead elsewhere by other servers.
		parts = append(parts, "resolvers "+strings.Join(c.NameServers(), " "), "versions "+strings.Join(c.Versions, " "))
	}
	return strings.Join(parts, "\x00"), nil
}

// archiveSpace names the application of a zone in the archive of files: by its name and by the places where the site is
// served. Upstreams and directories are not in it: who deploys by editing them in the configuration has pages of the
// build before open, and their files are what the archive is for. Names of files tell their contents, so it does no
// harm that what answers there now may be another application; pages and pictures have no such names.
//
// Zones of one name on one site, as of routes with other matchers, count as one application. Without places, where it
// is not known where the site is served, the space of all else that is kept tells applications apart.
func archiveSpace(name, space string, places []string) *assets.Space {
	if len(places) == 0 {
		places = []string{space}
	}
	return assets.NewSpace(caddy.NewReplacer().ReplaceKnown(name, ""), places...)
}
