package caddymodule

import (
	"sync/atomic"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// site is what one nextjs handler serves.
type site struct {
	// listen are the addresses of its server.
	listen []string
	// staticOff says that Next.js answers requests for files.
	staticOff bool
	view      atomic.Pointer[view]
}

// view is what is known of a site. It is replaced as a whole when a build has changed.
type view struct {
	table     *zones.Table
	crossings *zones.Crossings
	facts     map[*zones.Zone]*zoneFacts
	list      []*zoneFacts // the same, as the configuration lists the zones
	headLimit siteLimit
}

// serving is the configuration that serves.
type serving struct {
	// sites are in the order in which they were provisioned.
	sites []*site
	// http is the app that has the servers. nil: the configuration has none.
	http *caddyhttp.App
}

// current is the configuration that serves, nil without any. What asks for the state of the process, the admin API
// and metrics, lives apart from configurations and finds it here.
var current atomic.Pointer[serving]

// currentSites are the sites of the configuration that serves.
func currentSites() []*site {
	if now := current.Load(); now != nil {
		return now.sites
	}
	return nil
}
