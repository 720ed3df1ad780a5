package caddymodule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/guard"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

// registerMetrics puts the collectors of the process into the registry of a configuration. Labels are of bounded
// number: zones and kinds, never paths or users.
func registerMetrics(registry prometheus.Registerer) error {
	own := []prometheus.Collector{requestsTotal, unclaimedTotal, crossZoneTotal, buildReadsTotal}
	all := slices.Concat(own, guard.Collectors(), edge.Collectors(), leases.Collectors(), control.Collectors(),
		proxy.Collectors(), fleet.Collectors(), files.Collectors(), images.Collectors(), pages.Collectors())
	for _, c := range all {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}
