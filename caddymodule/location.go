package caddymodule

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// relativeLocations makes the URLs relative by which an answer would send its visitor to the upstream.
func (t *Transport) relativeLocations(req *http.Request, res *http.Response, a *attempt) {
	if !a.facts.repairs.has(repairLocation) {
		return
	}
	hosts := req.Header["X-Forwarded-Host"]
	switch {
	case a.fills:
		hosts = nil // what is kept may be for all hosts, and whoever comes first must not choose one
	case len(hosts) == 0:
		hosts = []string{req.Host}
	}
	changed := zones.RelativeLocations(res.Header, a.upstream.Address, hosts)
	if changed == "" {
		return
	}
	a.facts.repairs.count(repairLocation)
	a.facts.repairs.say(repairLocation, t.logger, "a redirect names the upstream: made relative",
		zap.String("path", req.URL.Path), zap.String("location", changed))
}
