package edge

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Zone is what each request of a zone needs, looked up once. It is replaced when the zone's build changes.
type Zone struct {
	*zones.Zone
	// Space names the application in what is kept: files, pictures and pages.
	Space string
	Build *nextbuild.Build // nil: the build is not known
	// Deployment is what Next.js says in x-nextjs-deployment-id, else the id of the build; "": not known.
	Deployment string
	Book       *zones.Rulebook      // nil: the same, or an export
	Export     *Export              // nil: Next.js serves the zone
	Builds     *builds.Subscription // its builds beside this one; nil: it names none
	Cookies    *zones.CookieScope
	Repairs    ZoneRepairs
	Notices    *Notices
	Shared404  *Shared404
	Log        *zap.Logger
	// HidesQuery says that Next.js is not told the query of pages that ignore it.
	HidesQuery bool

	slots [maxSlots]any
}

// VerdictOf is what the zone's build, or its export, says of a request.
func (z *Zone) VerdictOf(r *http.Request, found zones.Match) *zones.Verdict {
	if z.Export != nil {
		return z.Export.Book.Verdict(r, found)
	}
	return z.Book.Verdict(r, found)
}
