package zones

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Crossings finds the soft navigations and prefetches that a page of one zone sends to another, as a <Link> does that
// leads there. The client could do nothing with the payload of another application but load the document instead.
type Crossings struct {
	table *Table
	list  []*Zone
	// refers holds, for each zone, whether its pages were seen to send their path as Referer.
	refers map[*Zone]*atomic.Bool
}

// NewCrossings returns the crossings between the zones of a table, or nil if there is but one.
func NewCrossings(table *Table, list []*Zone) *Crossings {
	if len(list) < 2 {
		return nil
	}
	c := &Crossings{table: table, list: list, refers: make(map[*Zone]*atomic.Bool, len(list))}
	for _, zone := range list {
		c.refers[zone] = new(atomic.Bool)
	}
	return c
}

// FromOtherApp reports whether a request comes from a page of another application than the one it asks. The page is
// known by the Referer, which must be of the same host. By the default policy of browsers it has a path; under
// Referrer-Policy "origin" it is "/" for every page, so "/" counts only when pages of the zone that is asked were seen
// to send more. Where the Referer says nothing, what the router sends may.
func (c *Crossings) FromOtherApp(r *http.Request, kind Kind, zone *Zone) bool {
	if c == nil {
		return false
	}
	switch kind {
	case KindRSC, KindPrefetch, KindSegment:
	default:
		return false
	}
	path, ok := refererPath(r)
	if !ok {
		return len(r.Header["Referer"]) == 0 && c.routerFromOtherApp(r, zone)
	}
	from, ok := c.table.Find(r.Host, path)
	switch {
	case !ok:
		return false
	case isSameApp(from.Zone, zone):
		if refers := c.refers[zone]; path != "/" && !refers.Load() {
			refers.Store(true)
		}
		return path == "/" && c.routerFromOtherApp(r, zone)
	}
	return path != "/" || c.refers[zone].Load() || c.routerFromOtherApp(r, zone)
}

// isSameApp reports whether two zones are one application.
func isSameApp(a, b *Zone) bool { return a == b || slices.Contains(a.Siblings, b) }

// refererPath returns the escaped path of the page that sent r, if that is of the same host.
func refererPath(r *http.Request) (path string, ok bool) {
	scheme, rest, _ := strings.Cut(httpheader.First(r.Header, "Referer"), "://")
	slash := strings.IndexByte(rest, '/')
	if scheme != "http" && scheme != "https" || slash < 0 || !strings.EqualFold(rest[:slash], r.Host) {
		return "", false
	}
	path, _, _ = strings.Cut(rest[slash:], "?")
	return path, true
}
