package caddymodule

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// zoneStatic is how the files of a zone are served.
type zoneStatic struct {
	set      *assets.Set  // nil: the build is not known, or an export
	keep     *assets.Keep // nil: the edge keeps no files of the zone
	counters *fileCounters
	off      bool // files are Next.js's
}

// fileSlot is where the files of a zone are.
var fileSlot = newSlot[*zoneStatic]()

// fileConfig is what the files of a zone are prepared from.
type fileConfig struct {
	zone, space string
	set         *assets.Set
	passing     *fileState // keeps what passes through; nil: nothing does
	off         bool
}

// newZoneFiles prepares the files of a zone.
func newZoneFiles(c fileConfig) *zoneStatic {
	z := &zoneStatic{set: c.set, counters: fileCountersOf(c.zone), off: c.off}
	if c.passing != nil {
		z.keep = c.passing.keep(c.space)
	}
	return z
}

// answers are the kinds of requests that the edge answers itself where it can.
func (z *zoneStatic) answers() []string {
	switch {
	case z.set != nil && !z.off:
		return []string{"files"}
	case z.keep != nil:
		return []string{"files that have passed through"}
	}
	return nil
}

// keeps reports whether the answer to a request is a file that is kept when it has passed through.
func (z *zoneStatic) keeps(r *http.Request, a *attempt) bool {
	return z.keep != nil && a.asWritten && r.ContentLength == 0 && assets.Keepable(r, a.path)
}

// isOptions reports whether a request asks for what may be done with a file, and the edge answers that: a file of the
// build that nothing looks at, or what stands where a zone without build has its files.
func (z *zoneStatic) isOptions(r *http.Request, a *attempt) bool {
	switch {
	case r.Method != http.MethodOptions || !a.facts.repairs.has(repairImageMethods):
		return false
	case z.set != nil:
		return a.verdict.TakesOptions() && z.set.Has(a.verdict.Path)
	}
	return z.keep != nil && a.kind == zones.KindStatic && a.asWritten
}

// otherAssets returns the files of the other build that has the immutable file which a request asks for, nil if none
// has.
func otherAssets(others *builds.Subscription, r *http.Request, a *attempt) *assets.Set {
	if a.verdict.Reason != zones.Unknown || !strings.HasPrefix(a.path, "/_next/static/") {
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	return others.Other(a.path)
}

// serveSource answers a request that the edge itself makes for the source of a picture, if it is a file of a build. An
// export answers everything.
func serveSource(w http.ResponseWriter, r *http.Request, a *attempt) (served bool, err error) {
	if export := a.facts.export; export != nil {
		release, ok := export.acquire()
		if !ok {
			return true, caddyhttp.Error(http.StatusServiceUnavailable, errChangedExport)
		}
		defer release()
		return true, serveExport(w, r, a)
	}
	set := fileSlot.of(a.facts).set
	if set == nil || !isFile(a.verdict) {
		return false, nil
	}
	source, err := set.Serve(w, r, a.verdict.Path, a.verdict.Headers, noCodings)
	return source != assets.NotServed, err
}

func noCodings() []string { return nil }
