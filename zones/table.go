// Package zones decides which Next.js application a request belongs to, what the request asks for, and which upstream
// of that application answers it. Its decisions are pure functions on requests and values; nothing here does I/O.
package zones

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Zone is one Next.js application and the part of the site that belongs to it.
type Zone struct {
	// Name identifies the zone in logs, metrics and messages.
	Name string
	// Paths are the path prefixes that the zone claims, matched on segment boundaries; "/" claims everything.
	Paths []string
	// Hosts limits the zone to these hosts: exact names, or "*.example.com" for one label more. Empty: every host.
	Hosts []string
	// Upstreams answer for the zone.
	Upstreams []*Upstream

	picks picker
}

// Table finds the zone of a request. It does not change once built, so it needs no lock.
type Table struct {
	exact    map[string]*prefixes
	wildcard map[string]*prefixes // by the part after "*."
	any      *prefixes
}

// prefixes maps the claimed path prefixes of one host to their claims.
type prefixes struct {
	claims map[string]claim
	// depth is the number of segments of the longest prefix, which bounds a lookup by the configuration instead of by
	// what a client sends.
	depth int
}

type claim struct {
	zone *Zone
	// base is the length of what stands before the zone's own paths: the prefix, without the "/_next" of an assetPrefix.
	base int
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
		if err := t.add(zone); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Table) add(zone *Zone) error {
	sets := []*prefixes{t.any}
	where := []string{""}
	if len(zone.Hosts) > 0 {
		sets, where = nil, nil
		for _, host := range zone.Hosts {
			set, err := t.hostSet(host)
			if err != nil {
				return fmt.Errorf("zone %s: host %q: %w", zone.Name, host, err)
			}
			sets, where = append(sets, set), append(where, " on host "+host)
		}
	}
	for _, path := range zone.Paths {
		prefix, err := cleanPrefix(path)
		if err != nil {
			return fmt.Errorf("zone %s: path %q: %w", zone.Name, path, err)
		}
		for i, set := range sets {
			if other := set.add(prefix, zone); other != nil && other != zone {
				return fmt.Errorf("zones %s and %s both claim %s%s: one path belongs to one zone", other.Name, zone.Name, path, where[i])
			}
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
	// AsWritten says that the client wrote the path like that. When it did not, Next.js answers with a redirect or
	// resolves the path itself.
	AsWritten bool
}

// Find returns the zone of a request by its Host header and escaped path. The most specific host wins (exact, wildcard,
// every host), and in it the longest prefix; ok is false when no zone claims the path.
func (t *Table) Find(host, escapedPath string) (m Match, ok bool) {
	path, asWritten := canonicalPath(escapedPath)
	if len(t.exact)+len(t.wildcard) > 0 {
		m, ok = t.findByHost(hostname(host), path)
	}
	if !ok {
		m, ok = t.any.find(path)
	}
	m.AsWritten = asWritten
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

func newPrefixes() *prefixes { return &prefixes{claims: map[string]claim{}} }

// add claims prefix for zone, and returns the zone that holds it if one does.
func (p *prefixes) add(prefix string, zone *Zone) *Zone {
	if holder, taken := p.claims[prefix]; taken {
		return holder.zone
	}
	p.claims[prefix] = claim{zone, len(strings.TrimSuffix(prefix, "/_next"))}
	p.depth = max(p.depth, strings.Count(prefix, "/"))
	return nil
}

func (p *prefixes) find(path string) (m Match, ok bool) {
	if p == nil {
		return Match{}, false
	}
	if c, claimed := p.claims[""]; claimed {
		m, ok = Match{Zone: c.zone, Path: path}, true
	}
	end := 0
	for range p.depth {
		if end >= len(path) {
			break
		}
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			end = len(path)
		} else {
			end += 1 + next
		}
		if c, claimed := p.claims[path[:end]]; claimed {
			m, ok = Match{Zone: c.zone, Path: path[c.base:]}, true
		}
	}
	return m, ok
}

// hostname returns the lower-case host of a Host header, without port and trailing dot.
func hostname(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && strings.IndexByte(host[colon:], ']') < 0 {
		host = host[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
