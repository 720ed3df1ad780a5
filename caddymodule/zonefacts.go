package caddymodule

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// zoneFacts is what each request of a zone needs, looked up once. It is replaced when the zone's build changes.
type zoneFacts struct {
	zone *zones.Zone
	// space names the application in what is kept: files, pictures and pages.
	space     string
	build     *nextbuild.Build     // nil: the build is not known
	book      *zones.Rulebook      // nil: the same, or an export
	export    *exportedSite        // nil: Next.js serves the zone
	others    *builds.Subscription // its builds beside this one; nil: it names none
	cookies   *zones.CookieScope
	repairs   zoneRepairs
	notices   *zoneNotices
	shared404 *shared404
	log       *zap.Logger
	// hidesQuery says that Next.js is not told the query of pages that ignore it.
	hidesQuery bool

	slots [maxSlots]any
}

// verdictOf is what the zone's build, or its export, says of a request.
func (z *zoneFacts) verdictOf(r *http.Request, found zones.Match) *zones.Verdict {
	if z.export != nil {
		return z.export.book.Verdict(r, found)
	}
	return z.book.Verdict(r, found)
}
