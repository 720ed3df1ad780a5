package fleet

import (
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// tellMixed says that upstreams of a deployment run different builds, with the notices of the first site that has it.
func tellMixed(found deploy.Mixed) {
	for _, site := range edge.Sites() {
		for _, zone := range site.View.Load().List {
			for _, one := range zone.All() {
				if one.Upstreams != nil && one.Upstreams.ID() == found.ZoneID {
					one.Notices.OfMixed(found, one.Log)
					return
				}
			}
		}
	}
}
