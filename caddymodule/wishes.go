package caddymodule

import (
	"cmp"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// wish is how a site wants the upstreams of a zone to be looked after.
type wish struct {
	zone         string
	scheme, host string
	listen       []string
	watch        deploy.WatchSettings
	written      deploy.WatchSettings // without what comes of the site
}

// mixedEvery is how often it is looked whether the upstreams of a deployment run one build.
var mixedEvery = deploy.DefaultMixedEvery

// mixedCheckOf says whether the upstreams of a deployment of a zone are asked if they run one build. Where the edge has
// that, they are asked when another one waits; and `next dev` has none.
func mixedCheckOf(facts *edge.Zone, one *deployment) deploy.MixedCheck {
	if facts.Dev || one.builds != nil {
		return deploy.MixedCheck{}
	}
	return deploy.MixedCheck{On: true, BasePath: basePathOf(facts), Every: mixedEvery}
}

// site names the site.
func (w wish) site() string {
	return w.scheme + "://" + cmp.Or(w.host, "*") + " at " + strings.Join(w.listen, " ")
}

// sortWishes has those of encrypted sites come first, so that a zone is asked as their visitors would ask. The rest is
// by their names, as Caddy tells sites in no order.
func sortWishes(list []wish) {
	slices.SortFunc(list, func(a, b wish) int {
		return cmp.Or(cmp.Compare(b.scheme, a.scheme), cmp.Compare(a.site(), b.site()))
	})
}

// warnOfWishes says which sites want the upstreams of one zone to be looked after in another way than is done.
func warnOfWishes(wishes map[string][]wish, log *zap.Logger) {
	for _, list := range wishes {
		for _, other := range list[1:] {
			if words := list[0].written.Differences(other.written); len(words) > 0 {
				log.Warn("two sites have one zone with different settings of its upstreams: those of the first count, so write the same in both, or name one zone differently",
					zap.String("zone", other.zone), zap.Strings("sites", []string{list[0].site(), other.site()}), zap.Strings("settings", words))
			}
		}
	}
}
