package caddymodule

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// An upstream to which the transport speaks TLS, with a certificate of the edge, is asked whether it is fit in that way,
// too, though its address says nothing of it.
func TestUpstreamsAreAskedByTheTLSOfTheTransport(t *testing.T) {
	var healthy, back, names atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/health":
			healthy.Add(1)
		case deploy.AnyAnswer.Path:
			back.Add(1)
		}
		if r.TLS.ServerName == "shop.example.com" {
			names.Add(1)
		}
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	address, certificate := server.Listener.Addr().String(), os.Getenv("SSL_CERT_FILE")
	load := func(zone string) string {
		port := edgetest.FreePort(t)
		require.NoError(t, caddy.Load([]byte(fmt.Sprintf(`{"admin": {"disabled": true, "config": {"persist": false}}, "apps": {"http": {"servers": {"edge": {
			"listen": ["localhost:%s"], "routes": [{"handle": [{"handler": "subroute", "routes": [{"handle": [
				{"handler": "nextjs", "zones": [{"paths": ["/"], "upstreams": [%q]%s}]},
				{"handler": "reverse_proxy", "dynamic_upstreams": {"source": "nextjs"}, "transport": {"protocol": "nextjs", "tls": {
					"insecure_skip_verify": true, "server_name": "shop.example.com",
					"client_certificate_file": %q, "client_certificate_key_file": %q
				}}}
			]}]}]}]}}}}}`, port, address, zone, certificate, certificate)), true))
		return "http://localhost:" + port
	}
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })

	base := load(`, "health": {"ask": "/api/health", "interval": "50ms"}`)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(address) == deploy.Healthy && healthy.Load() > 3 }, "it is fit")
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), base+"/").StatusCode)

	base = load("")
	_, err := running.app().fleet.Do(deploy.Check{ID: onlyZone(t).ID, Address: address, Why: "no connection"})
	require.NoError(t, err)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(address) == deploy.Healthy && back.Load() > 0 }, "it is back")
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), base+"/").StatusCode)
	assert.GreaterOrEqual(t, names.Load(), healthy.Load()+back.Load(), "each by the name of the certificate")

	status, err := running.app().handlers[0].upstreams[0].Ask(t.Context(), onlyZone(t).Find(address).Upstream, deploy.Question{Path: "/"})
	require.NoError(t, err, "whether it runs a build is asked so, too")
	assert.Equal(t, http.StatusOK, status)
}

// onlyZone is the zone of the configuration that serves.
func onlyZone(t *testing.T) *deploy.Zone {
	t.Helper()
	zones := running.app().fleet.State().Zones
	require.Len(t, zones, 1)
	for _, zone := range zones {
		return zone
	}
	return nil
}
