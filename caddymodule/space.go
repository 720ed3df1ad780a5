package caddymodule

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// space names the application of a zone in what is kept: files, pictures and pages. Zones with one name on different
// sites may be different applications, and so may two processes with the same build: each has its own data. So zones
// share a space only if name, build, export and upstreams are the same: upstreams as they are written, so that nothing
// is lost when a name leads to other addresses.
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
