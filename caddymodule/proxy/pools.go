package proxy

import (
	"fmt"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// What must survive a configuration reload. Pools hold state, never settings.
var (
	// Upstreams holds a *pooledUpstream for each upstream named by a loaded configuration, by its key.
	Upstreams = caddy.NewUsagePool()
	// processStreams are the open streams of every configuration that was ever loaded: they outlive theirs.
	processStreams streaming.Streams
	// processCookies are cookies that prerendered route handlers have set, processSaidCookies the handlers that were
	// named.
	processCookies     = hygiene.NewStoredCookies()
	processSaidCookies saidCookies
)

type pooledUpstream struct{ *deploy.Upstream }

// Destruct implements caddy.Destructor.
func (pooledUpstream) Destruct() error { return nil }

// Lease returns the state of an upstream, shared with every other configuration that names it. Each lease is given
// back by releaseUpstream.
func Lease(address Address) (*deploy.Upstream, error) {
	value, _, err := Upstreams.LoadOrNew(address.String(), func() (caddy.Destructor, error) {
		return pooledUpstream{&deploy.Upstream{Address: address.Dial, TLS: address.TLS}}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("keeping the state of upstream %s: %w", address, err)
	}
	return value.(pooledUpstream).Upstream, nil
}

// Release gives back what Lease returned.
func Release(address Address) error {
	if _, err := Upstreams.Delete(address.String()); err != nil {
		return fmt.Errorf("releasing the state of upstream %s: %w", address, err)
	}
	return nil
}
