package edge

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// OtherBuilds are the builds of a zone beside the one that it is served from (builds.Subscription).
type OtherBuilds interface {
	// WaitingID is the id of the build that the upstreams do not run yet, "" if none waits.
	WaitingID() string
	// Mixed reports whether some upstreams run it and others do not.
	Mixed() bool
	// Note says what it waits for, or why one was refused; Missing why there is no build yet. "": there is nothing to
	// say.
	Note() string
	Missing() string
	// Other returns the files of a build that has the file at a path below the basePath, nil if none has.
	Other(path string) *assets.Set
}

// Zone is what each request to one deployment of a zone needs, looked up once. It is replaced when its build changes.
type Zone struct {
	*zones.Zone
	// Upstreams gives requests theirs. nil: it is an export.
	Upstreams *deploy.Rotation
	Sticky    *Sticky // nil: a visitor's requests may go to different upstreams
	// Space names the application in what is kept: files that pass through, pictures and pages.
	Space string
	Build *nextbuild.Build // nil: the build is not known
	// Deployment is what Next.js says in x-nextjs-deployment-id, else the id of the build; "": not known.
	Deployment string
	RuleSet    *rules.Set  // nil: the build is not known, or it is an export
	Export     *Export     // nil: Next.js serves the zone
	Builds     OtherBuilds // its builds beside this one
	Cookies    *hygiene.CookieScope
	Repairs    ZoneRepairs
	Notices    *Notices
	Shared404  *Shared404
	Log        *zap.Logger
	// HidesQuery says that Next.js is not told the query of pages that ignore it.
	HidesQuery bool
	// ActionBody is how large a body of a server action may be so that it is kept beside (bytes). 0: none is, and no
	// action is sent again.
	ActionBody int64

	// DeployedAs is the id of the deployment in the control plane, "config" for what the configuration names.
	DeployedAs string
	// IsLive says that documents go to it.
	IsLive bool
	// Deployments are all those of the zone, the same for each. nil: there is but one.
	Deployments *Deployments
	// Served counts what the deployment answers. nil: nobody counts.
	Served *DeploymentCounters

	slots [maxSlots]any
}

// All returns the zone as each of its deployments serves it.
func (z *Zone) All() []*Zone {
	if z.Deployments == nil {
		return []*Zone{z}
	}
	return z.Deployments.List
}

// Find returns the zone as the deployment of an id serves it; nil: none does. z may be nil.
func (z *Zone) Find(id string) *Zone {
	if z == nil {
		return nil
	}
	for _, other := range z.All() {
		if other.DeployedAs == id {
			return other
		}
	}
	return nil
}

// Live returns the zone as the deployment serves it that documents go to.
func (z *Zone) Live() *Zone {
	for _, other := range z.All() {
		if other.IsLive {
			return other
		}
	}
	return z
}

// VerdictOf is what the zone's build, or its export, says of a request.
func (z *Zone) VerdictOf(r *http.Request, found zones.Match) *rules.Verdict {
	if z.Export != nil {
		return z.Export.RuleSet.Verdict(r, found.Target, found.Base())
	}
	return z.RuleSet.Verdict(r, found.Target)
}
