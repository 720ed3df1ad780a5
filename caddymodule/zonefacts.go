package caddymodule

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// zoneFacts are what each request of a zone needs, looked up and boxed once.
type zoneFacts struct {
	name      any
	space     string // see ZoneConfig.space
	counters  *kindCounters
	crossings prometheus.Counter
	cookies   *zones.CookieScope
	rules     string
	build     *nextbuild.Build // nil: the build is not known
	book      *zones.Rulebook  // nil: the same, or an export
	assets    *assets.Set      // nil: likewise
	others    *otherBuilds
	export    *exportedSite // nil: Next.js serves the zone
	keep      *assets.Keep  // nil: the edge keeps no files of the zone
	files     *fileCounters
	images    *zoneImages // nil: they are Next.js's
	pages     *zonePages  // nil: they are not kept
	repairs   zoneRepairs
	log       *zap.Logger
	notices   *zoneNotices
	staticOff bool // files are Next.js's
	shared404 *shared404
	// Next.js is not told the query of pages that ignore it.
	hidesQuery bool
}

// kindNames are the names of the kinds as values of placeholders.
var kindNames = func() (names [zones.Kinds]any) {
	for kind := range zones.Kind(zones.Kinds) {
		names[kind] = kind.String()
	}
	return names
}()

// verdictNames are the names of the verdicts as values of placeholders.
var verdictNames = func() map[string]any {
	names := map[string]any{}
	for _, name := range zones.VerdictNames() {
		names[name] = name
	}
	return names
}()
