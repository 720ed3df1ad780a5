package edge

import (
	"sync/atomic"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Site is what one nextjs handler serves.
type Site struct {
	// Listen are the addresses of its server.
	Listen []string
	// StaticOff says that Next.js answers requests for files.
	StaticOff bool
	View      atomic.Pointer[View]
}

// View is what is known of a site. It is replaced as a whole when a build has changed.
type View struct {
	Table     *zones.Table
	Crossings *zones.Crossings
	Zones     map[*zones.Zone]*Zone
	List      []*Zone // the same, as the configuration lists the zones
	HeadLimit SiteLimit
}

// Serving is the configuration that serves.
type Serving struct {
	// Sites are in the order in which they were provisioned.
	Sites []*Site
	// HTTP is the app that has the servers. nil: the configuration has none.
	HTTP *caddyhttp.App
	// Builds are the directories below which a build may lie that is deployed from elsewhere.
	Builds []string
	// Emit tells who subscribes to Caddy's events.
	Emit func(event string, data map[string]any)
}

// Current is the configuration that serves, nil without any. What asks for the state of the process, the admin API
// and metrics, lives apart from configurations and finds it here.
var Current atomic.Pointer[Serving]

// Sites are the sites of the configuration that serves.
func Sites() []*Site {
	if now := Current.Load(); now != nil {
		return now.Sites
	}
	return nil
}
