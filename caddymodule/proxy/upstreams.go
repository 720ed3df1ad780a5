package proxy

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

// UpstreamSource gives reverse_proxy the upstream of a request's zone: exactly one for each try, chosen at that moment.
// It has no settings; the zone was found by the `nextjs` handler in front.
type UpstreamSource struct{}

var errExportAnswers = errors.New("the zone is an export and has no upstream: " +
	"the nextjs_static handler must come before reverse_proxy")

var errNoZone = errors.New("the request has no zone: the nextjs handler must come before reverse_proxy")

// CaddyModule returns the Caddy module information.
func (UpstreamSource) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.upstreams.nextjs",
		New: func() caddy.Module { return new(UpstreamSource) },
	}
}

// GetUpstreams implements reverseproxy.UpstreamSource.
func (UpstreamSource) GetUpstreams(r *http.Request) ([]*reverseproxy.Upstream, error) {
	a := edge.Of(r)
	if a == nil {
		return nil, errNoZone
	}
	if a.Zone.Export != nil {
		return nil, errExportAnswers
	}
	if err := a.Next(r); err != nil {
		return nil, nil //nolint:nilerr // the handler in front knows why (edge.Request.Failed)
	}
	return a.ProxyUpstreams(), nil
}

// Interface guard
var _ reverseproxy.UpstreamSource = (*UpstreamSource)(nil)
