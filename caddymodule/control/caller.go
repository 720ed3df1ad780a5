package control

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

// Scopes of tokens: what those who have one may do.
const (
	ScopeRead    = "read"    // ask what the edge does
	ScopePurge   = "purge"   // purge its caches
	ScopeDeploy  = "deploy"  // change what serves a zone
	ScopeAdapter = "adapter" // what an application itself needs: purge pages of its own zone
)

// Scopes are all of them, in the order of the documentation.
var Scopes = []string{ScopeRead, ScopePurge, ScopeDeploy, ScopeAdapter}

// grant is a scope for a zone. "" stands for all scopes, and for all zones.
type grant struct{ scope, zone string }

// Caller is who asks, by what it may do on the route that it asks.
type Caller struct {
	grants []grant
	// address from which it asks, "" for the operator.
	address string
	// remote says that it asks nextjs_control.
	remote bool
}

// operator is who asks the admin endpoint, and may do everything.
var operator = Caller{grants: []grant{{}}}

// IsRemote reports whether the caller has a token of nextjs_control, and may be anywhere. Who asks the admin endpoint
// may load configurations, so may do whatever they can.
func (c Caller) IsRemote() bool { return c.remote }

// as returns the caller with what a token of one of the scopes lets it do. The error says which scope it lacks.
func (c Caller) as(scopes ...string) (Caller, error) {
	var granted []grant
	for _, one := range c.grants {
		if one.scope == "" || slices.Contains(scopes, one.scope) {
			granted = append(granted, one)
		}
	}
	if len(granted) == 0 {
		err := fmt.Errorf("this needs a token of scope %s", strings.Join(scopes, " or "))
		return Caller{}, Error(http.StatusForbidden, err)
	}
	c.grants = granted
	return c, nil
}

// Zones are the names of the zones that the caller is limited to, sorted; none: it is not limited.
func (c Caller) Zones() (names []string) {
	for _, one := range c.grants {
		if one.zone == "" {
			return nil
		}
		names = append(names, one.zone)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// May reports whether the caller may do things about the zone of a name.
func (c Caller) May(zone string) bool {
	return slices.ContainsFunc(c.grants, func(one grant) bool { return one.zone == "" || one.zone == zone })
}

// refuse says which zones the caller is limited to, and nothing of others.
func (c Caller) refuse() error {
	zones := c.Zones()
	if len(zones) == 1 {
		return Error(http.StatusForbidden, fmt.Errorf("the token is for zone %s only", zones[0]))
	}
	return Error(http.StatusForbidden, fmt.Errorf("the token is for zones %s only", strings.Join(zones, ", ")))
}

// checkOneApplicationEach refuses a caller that is limited to a zone of which there are two: nobody knows for which of
// them its token is.
func (c Caller) checkOneApplicationEach() error {
	for _, zone := range c.Zones() {
		if err := checkOneApplication(zone, zonesNamed(edge.Sites(), zone)); err != nil {
			return err
		}
	}
	return nil
}

// addressOf is from where a client asks, as the address of a connection: of the client itself, where a trusted proxy
// stands before it.
func addressOf(r *http.Request) string {
	client, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	if client == "" {
		return r.RemoteAddr
	}
	return net.JoinHostPort(client, "0")
}
