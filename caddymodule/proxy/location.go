package proxy

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// relativeLocations makes the URLs relative by which an answer would send its visitor to the upstream.
func relativeLocations(req *http.Request, res *http.Response, a *edge.Request, logger *zap.Logger) {
	if !a.Zone.Repairs.Has(edge.RepairLocation) {
		return
	}
	hosts := req.Header["X-Forwarded-Host"]
	switch {
	case a.Fills:
		hosts = nil // what is kept may be for all hosts, and whoever comes first must not choose one
	case len(hosts) == 0:
		hosts = []string{req.Host}
	}
	changed := hygiene.RelativeLocations(res.Header, a.Try.Upstream.Dial, hosts)
	if changed == "" {
		return
	}
	a.Zone.Repairs.Count(edge.RepairLocation)
	a.Zone.Repairs.LogHourly(edge.RepairLocation, logger, "a redirect names the upstream: made relative",
		zap.String("path", req.URL.Path), zap.String("location", changed))
}
