// Package zones decides which Next.js application a request belongs to, and what the request asks for. Its decisions
// are pure functions on requests and values; nothing here does I/O.
package zones

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Zone is one Next.js application and the part of the site that belongs to it.
type Zone struct {
	// Name identifies the zone in logs, metrics and messages.
	Name string
	// Paths are the path prefixes that the zone claims, matched on segment boundaries; "/" claims everything.
	Paths []string
	// ByRoutes says that the zone also claims what its build names, among the paths that no prefix but "/" claims.
	ByRoutes bool
	// Claims are what the zone's build names. Nil: the build is not known.
	Claims *Claims
	// Hosts limits the zone to these hosts: exact names, or "*.example.com" for one label more. Empty: every host.
	Hosts []string
	// Siblings are the other zones that the same application answers for. It navigates between them as it likes.
	Siblings []*Zone
	// HasFile reports whether the build has a public or static file at a path, given as Match.Path. Nil: unknown.
	HasFile func(path string) bool
	// PreviewIDs are the SHA-256 sums of the preview ids of the zone's builds (previewModeId in
	// prerender-manifest.json), by which draft mode cookies are told apart. Empty: unknown.
	PreviewIDs [][32]byte
	// Dev says that the zone is served by `next dev`.
	Dev bool
}

// Table finds the zone of a request. It does not change once built, so it needs no lock.
type Table struct {
	exact    map[string]*prefixes
	wildcard map[string]*prefixes // by the part after "*."
	any      *prefixes
	// shared says that somewhere builds tell zones apart.
	shared bool
	// dev says that a zone is served by `next dev`.
	dev bool
}

// NewTable builds the table, or says which zones cannot stand side by side and why.
func NewTable(zones []*Zone) (*Table, error) {
	t := &Table{exact: map[string]*prefixes{}, wildcard: map[string]*prefixes{}, any: newPrefixes()}
	names := make(map[string]bool, len(zones))
	for _, zone := range zones {
		if names[zone.Name] {
			return nil, fmt.Errorf("two zones are named %q: give one of them another name", zone.Name)
		}
		names[zone.Name] = true
		t.dev = t.dev || zone.Dev
		if err := t.add(zone); err != nil {
			return nil, err
		}
	}
	for _, set := range t.sets() {
		if err := set.sharers.check(set.where); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Table) sets() []*prefixes {
	return slices.Concat([]*prefixes{t.any}, slices.Collect(maps.Values(t.exact)), slices.Collect(maps.Values(t.wildcard)))
}

func (t *Table) add(zone *Zone) error {
	sets := []*prefixes{t.any}
	if len(zone.Hosts) > 0 {
		sets = nil
		for _, host := range zone.Hosts {
			set, err := t.hostSet(host)
			if err != nil {
				return fmt.Errorf("zone %s: host %q: %w", zone.Name, host, err)
			}
			set.where = " on host " + host
			sets = append(sets, set)
		}
	}
	for _, path := range zone.Paths {
		prefix, err := cleanPrefix(path)
		if err != nil {
			return fmt.Errorf("zone %s: path %q: %w", zone.Name, path, err)
		}
		for _, set := range sets {
			if other := set.add(prefix, zone); other != nil && other != zone {
				return fmt.Errorf("zones %s and %s both claim %s%s: one path belongs to one zone",
					other.Name, zone.Name, path, set.where)
			}
		}
	}
	if !zone.ByRoutes {
		return nil
	}
	t.shared = true
	for _, set := range sets {
		if err := set.sharers.add(zone, set.where); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) hostSet(host string) (*prefixes, error) {
	name, wild := strings.CutPrefix(host, "*.")
	if name == "" || strings.ContainsAny(name, "*/:@ ") {
		return nil, fmt.Errorf("expected a host name without port, such as example.com or *.example.com")
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return nil, fmt.Errorf("reading the host name: %w", err)
	}
	sets := t.exact
	if wild {
		sets = t.wildcard
	}
	if sets[ascii] == nil {
		sets[ascii] = newPrefixes()
	}
	return sets[ascii], nil
}

// Match is the zone of a request and what its path means there.
type Match struct {
	Zone *Zone
	// Path is what Next.js routes by: the request's escaped path, dot segments resolved, below the zone's basePath or
	// assetPrefix. It begins with "/" or is empty.
	Path string
	// Target has the full path; Path is its end.
	rules.Target

	// shared says that builds, not prefixes, tell whose path it is.
	shared bool
}

// Base returns what stands before the zone's own paths.
func (m Match) Base() string { return m.Full[:len(m.Full)-len(m.Path)] }

// Find returns the zone of a request by its Host header and escaped path. The most specific host wins (exact, wildcard,
// every host), and in it the longest prefix; ok is false when no zone claims the path. Requests are looked up by
// FindRequest, which asks url and Referer too where the path does not tell.
func (t *Table) Find(host, escapedPath string) (m Match, ok bool) {
	path, asWritten := spelling.CanonicalPath(escapedPath)
	if len(t.exact)+len(t.wildcard) > 0 {
		m, ok = t.findByHost(Hostname(host), path)
	}
	if !ok {
		m, ok = t.any.find(path)
	}
	m.Full, m.AsWritten = path, asWritten
	return m, ok
}

func (t *Table) findByHost(host, path string) (m Match, ok bool) {
	if m, ok = t.exact[host].find(path); ok {
		return m, true
	}
	if _, parent, found := strings.Cut(host, "."); found {
		return t.wildcard[parent].find(path)
	}
	return Match{}, false
}

// Hostname returns the lower-case host of a Host header, without port and trailing dot.
func Hostname(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && strings.IndexByte(host[colon:], ']') < 0 {
		host = host[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
