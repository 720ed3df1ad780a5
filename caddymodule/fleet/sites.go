package fleet

import (
	"sync/atomic"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Sites are what orders about deployments need of the sites of a configuration.
type Sites struct {
	// Follow has the sites be served as the control plane knows it now: one zone, or all (""). The error says what
	// could not be set up.
	Follow func(zone string) error
	// CheckLive says why a site has no place for a deployment as the live one of its zone.
	CheckLive func(zone, id string) error
	// Find returns a deployment of a zone, starting ones too; false: no site has it.
	Find func(zone, id string) (Found, bool)
	// DrainStreams has the streams of an upstream end in good order, and UndrainStreams undoes that.
	DrainStreams, UndrainStreams func(*deploy.Upstream)
	// Kept says how many deployments of each zone are kept that are not live, and for how long.
	Kept func() map[string]Kept
}

// Found is a deployment as the sites have it.
type Found struct {
	Upstreams *deploy.Rotation
	Build     *nextbuild.Build // nil: it is not known
	BasePath  string
	Dev       bool // it is `next dev`
}

// Kept says how many deployments of a zone are kept that are not live, and for how long after they were.
type Kept struct {
	Deployments int
	MaxAge      time.Duration
}

// sites are those of the configuration that serves, nil without any.
var sites atomic.Pointer[Sites]

// ServeSites says which ones are those of the configuration that serves; nil: there are none.
func ServeSites(s *Sites) { sites.Store(s) }

// follow has the sites be served as the control plane knows it now.
func follow(zone string) error {
	if s := sites.Load(); s != nil {
		return s.Follow(zone)
	}
	return nil
}
