package fleet

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Requests would go there by Caddy's notation, while questions about health would take the network for a part of the
// host.
func TestAnAddressWithANetworkIsRefused(t *testing.T) {
	for _, text := range []string{"tcp/web:3000", "tcp4/web:3000", "udp/web:3000", "http://tcp4%2Fweb:3000", "dns+http://tcp4%2Fweb:3000"} {
		_, err := ParseSource(text)
		require.Error(t, err, text)
	}
}

func TestAddressesOfIPv6(t *testing.T) {
	for text, want := range map[string]deploy.Source{
		"[::1]:3000":             {Address: deploy.Address{Dial: "[::1]:3000"}},
		"https://[::1]":          {Address: deploy.Address{Dial: "[::1]:443", TLS: true}},
		"dns+http://[::1]:3000":  {Kind: deploy.DNSSource, Address: deploy.Address{Dial: "[::1]:3000"}},
		"dns+https://[::1]:3443": {Kind: deploy.DNSSource, Address: deploy.Address{Dial: "[::1]:3443", TLS: true}},
	} {
		source, err := ParseSource(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, source, text)
	}
}
