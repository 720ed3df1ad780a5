package builds

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// StatusOf asks an upstream for a path, past everything that handles requests of clients, and returns the status of its
// answer. The error says that it gave none.
func StatusOf(ctx context.Context, upstream *deploy.Upstream, method, path string) (int, error) {
	address, err := caddy.ParseNetworkAddress(upstream.Address)
	if err != nil {
		return 0, fmt.Errorf("reading the address: %w", err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, address.Network, address.JoinHostPort(0))
		},
		//nolint:gosec // nothing is told to the upstream or taken from it; requests of clients go by the transport's own settings
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	scheme := "http"
	if upstream.TLS {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, method, scheme+"://edge.invalid"+path, nil)
	if err != nil {
		return 0, fmt.Errorf("asking %s: %w", upstream.Address, err)
	}
	req.Header.Set("User-Agent", "caddy-nextjs")
	res, err := transport.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("asking %s: %w", upstream.Address, err)
	}
	return res.StatusCode, res.Body.Close()
}
