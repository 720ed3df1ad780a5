package edge

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Deployments are those of a zone, as a view has them.
type Deployments struct {
	// List has the newest first; the live one is among them.
	List []*Zone
	// Pins tell which of List a request belongs to, by its place.
	Pins *deploy.Pins
	// Cookie is the name of the cookie that names the deployment of the last document. "": none is set or read.
	Cookie string
	// CookieOnAll says that documents which shared caches may keep get it too, and become private.
	CookieOnAll bool
	// Pinned counts why requests go where they go. nil: nobody counts.
	Pinned *PinCounters
}

// Of returns the deployment that a request belongs to, and why. path is below the basePath, as zones.Match has it, and
// action what Zone.ActionOf says.
func (d *Deployments) Of(r *http.Request, kind zones.Kind, path, action string) (*Zone, deploy.PinReason) {
	f := PinFactsOf(r, kind, path, d.Cookie)
	f.Action = action
	at, why := d.Pins.Of(f)
	return d.List[at], why
}

// CountPin counts a request that goes to one of several deployments.
func (d *Deployments) CountPin(to *Zone, why deploy.PinReason) {
	if d == nil || d.Pinned == nil {
		return
	}
	if why != deploy.PinLive && why != deploy.PinUnknown && to.Served != nil {
		to.Served.pinned.Add(1)
	}
	d.Pinned.reasons[why].Inc()
	if why == deploy.PinUnknown {
		d.Pinned.unknown.Inc()
	}
}

// CookieName is the name of a cookie of a zone. What a cookie's name cannot have is left out (RFC 6265, 4.1.1).
func CookieName(prefix, zone string) string {
	return prefix + strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) {
			return '_'
		}
		return c
	}, zone)
}

// PinCookieName is the name of the cookie that names the deployment of the last document of a zone.
func PinCookieName(zone string) string { return CookieName("nextjs_deployment_", zone) }

// HasOthers reports whether a request may belong to another deployment than the one it was sent to.
func (d *Deployments) HasOthers() bool { return d != nil && len(d.List) > 1 }

// maxBlindTries is how many deployments are asked for an action of which it is not known whether they have it.
const maxBlindTries = 2

// ToReplay returns the deployments that may know actions which one of them does not: the newest ones whose builds name
// all of them. If there is none, and blindly says so, the newest ones of which that is not known.
func (d *Deployments) ToReplay(besides *Zone, actions []string, blindly bool) []*Zone {
	if !d.HasOthers() || len(actions) == 0 {
		return nil
	}
	var knowing, unknown []*Zone
	for _, zone := range d.List {
		switch {
		case zone == besides, zone.Upstreams == nil:
		case zone.Build == nil || zone.Build.Actions == nil:
			unknown = append(unknown, zone)
		case zone.knowsActions(actions):
			knowing = append(knowing, zone)
		}
	}
	switch {
	case len(knowing) > 0:
		return knowing[:min(len(knowing), maxBlindTries)]
	case blindly:
		return unknown[:min(len(unknown), maxBlindTries)]
	}
	return nil
}

// knowsActions reports whether the build of a deployment names all of the actions.
func (z *Zone) knowsActions(actions []string) bool {
	for _, id := range actions {
		if _, knows := z.Build.Actions[id]; !knows {
			return false
		}
	}
	return true
}
