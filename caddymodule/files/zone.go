package files

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Zone is how the files of a zone are served.
type Zone struct {
	Set      *assets.Set  // nil: the build is not known, or an export
	keep     *assets.Keep // nil: the edge keeps no files of the zone
	counters *counters
	off      bool // files are Next.js's

	archive    *assets.Archive // nil: nothing is kept of earlier builds
	space      *assets.Space   // whose files it asks the archive for
	deployment string
	ownQuery   string // that of the addresses of its files
}

// Slot is where the files of a zone are.
var Slot = edge.NewSlot[*Zone]()

// Config is what the files of a zone are prepared from.
type Config struct {
	Zone string
	// Space names the application in what is kept of files that pass through, Archive in the archive.
	Space   string
	Archive *assets.Space
	// Deployment is what Next.js says in ?dpl=, "" if it says nothing or is not known.
	Deployment string
	Set        *assets.Set
	// State keeps what outlives a build and, where Set is nil, what passes through; nil: nothing is kept.
	State *State
	Off   bool
}

// NewZone prepares the files of a zone.
func NewZone(c Config) *Zone {
	z := &Zone{
		Set: c.Set, counters: countersOf(c.Zone), off: c.Off,
		archive: c.State.use(c.Archive), space: c.Archive, deployment: c.Deployment, ownQuery: "dpl=" + c.Deployment,
	}
	switch {
	case c.Set != nil:
		z.archive.Add(c.Archive, c.Deployment, c.Set)
	case c.State != nil:
		z.keep = c.State.keep(c.Space)
		z.keep.LearnInto(z.archive, c.Archive, c.Deployment)
	}
	return z
}

// AnswersItself are the kinds of requests that the edge answers itself where it can.
func (z *Zone) AnswersItself() []string {
	switch {
	case z.Set != nil && !z.off:
		return []string{"files"}
	case z.keep != nil:
		return []string{"files that have passed through"}
	}
	return nil
}

// keeps reports whether the answer to a request is a file that is kept when it has passed through.
func (z *Zone) keeps(r *http.Request, a *edge.Request) bool {
	return z.keep != nil && a.AsWritten && r.ContentLength == 0 && assets.Keepable(r, a.Path)
}

// isOptions reports whether a request asks for what may be done with a file, and the edge answers that: a file of the
// build that nothing looks at, or what stands where a zone without build has its files.
func (z *Zone) isOptions(r *http.Request, a *edge.Request) bool {
	switch {
	case r.Method != http.MethodOptions || !a.Zone.Repairs.Has(edge.RepairImageMethods):
		return false
	case z.Set != nil:
		return a.Verdict.TakesOptions() && z.Set.Has(a.Verdict.Path)
	}
	return z.keep != nil && a.Kind == zones.KindStatic && a.AsWritten
}

// answering returns who answers a request with a file of a build, and by which path; nil: nobody does.
func (z *Zone) answering(r *http.Request, a *edge.Request) (from fileServer, path string) {
	others := otherAssets(a.Zone.Builds, r, a)
	archived := z.archived(r, a, others != nil)
	switch {
	case archived != nil:
		return archived, a.Path
	case z.Set != nil && IsFile(a.Verdict):
		return z.Set, a.Verdict.Path
	case others != nil:
		return others, a.Path
	}
	return nil, ""
}

// otherAssets returns the files of the other build that has the immutable file which a request asks for, nil if none
// has.
func otherAssets(others edge.OtherBuilds, r *http.Request, a *edge.Request) *assets.Set {
	if a.Verdict.Reason != rules.Unknown || !strings.HasPrefix(a.Path, "/_next/static/") {
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	return others.Other(a.Path)
}

// ServeSource answers a request that the edge itself makes for the source of a picture, if it is a file of a build. An
// export answers everything.
func ServeSource(w http.ResponseWriter, r *http.Request, a *edge.Request) (served bool, err error) {
	if export := a.Zone.Export; export != nil {
		release, ok := export.Acquire()
		if !ok {
			return true, caddyhttp.Error(http.StatusServiceUnavailable, errChangedExport)
		}
		defer release()
		return true, serveExport(w, r, a)
	}
	from, path := Slot.Of(a.Zone).answering(r, a)
	if from == nil {
		return false, nil
	}
	source, err := from.Serve(w, r, path, a.Verdict.Headers, noCodings)
	return source != assets.NotServed, err
}

func noCodings() []string { return nil }
