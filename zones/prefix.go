package zones

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// cleanPrefix checks a path prefix that a zone claims and returns it as it is compared: without a trailing slash ("/"
// is ""), percent-encoded as a browser would send it.
func cleanPrefix(prefix string) (string, error) {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return "", errors.New("a path must begin with /")
	case strings.ContainsAny(prefix, "?#"):
		return "", errors.New("a path cannot have a query or fragment")
	case strings.ContainsAny(prefix, "*{}"):
		return "", errors.New("a path is a prefix: it cannot have wildcards or placeholders")
	case !spelling.IsCanonical(prefix):
		return "", errors.New("a path cannot have repeated slashes, backslashes or dot segments")
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.Contains(prefix, "%") {
		return (&url.URL{Path: prefix}).EscapedPath(), nil
	}
	if _, err := url.PathUnescape(prefix); err != nil {
		return "", fmt.Errorf("decoding the path: %w", err)
	}
	return prefix, nil
}

// prefixes maps the claimed path prefixes of one host to their claims.
type prefixes struct {
	claims map[string]claim
	// depth is the number of segments of the longest prefix, which bounds a lookup by the configuration instead of by
	// what a client sends.
	depth int
	// sharers have what is not claimed by a longer prefix than "/".
	sharers sharers
	where   string
}

type claim struct {
	zone *Zone
	// base is the length of what stands before the zone's own paths: the prefix, without the "/_next" of an
	// assetPrefix.
	base int
}

func newPrefixes() *prefixes { return &prefixes{claims: map[string]claim{}} }

// add claims prefix for zone, and returns the zone that holds it if one does.
func (p *prefixes) add(prefix string, zone *Zone) *Zone {
	if holder, taken := p.claims[prefix]; taken {
		return holder.zone
	}
	p.claims[prefix] = claim{zone, len(strings.TrimSuffix(prefix, "/_next"))}
	if prefix == "" {
		p.sharers.root = zone
	}
	p.depth = max(p.depth, strings.Count(prefix, "/"))
	return nil
}

func (p *prefixes) find(path string) (m Match, ok bool) {
	if p == nil {
		return Match{}, false
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
		if c, claimed := p.claims[path[:end]]; claimed && path[:end] != "" {
			m, ok = Match{Zone: c.zone, Path: path[c.base:]}, true
		}
	}
	if ok {
		return m, true
	}
	zone := p.sharers.root
	if len(p.sharers.byRoutes) > 0 {
		zone = p.sharers.find(path)
	}
	return Match{Zone: zone, Path: path, shared: len(p.sharers.byRoutes) > 0}, zone != nil
}
