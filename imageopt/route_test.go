package imageopt

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRouteIsReadAsWritten(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2606::1"), netip.MustParseAddr("::ffff:1.1.1.1")}
	for text, port := range map[string]string{
		"http://a.test/": "80", "https://a.test/": "443", "https://a.test:8443/": "8443", "http://[2606::1]/": "80", "http://[2606::1]:81/": "81",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		way := newRoute(u, addrs)
		assert.Equal(t, port, way.port, text)
		again, err := parseRoute(way.String())
		require.NoError(t, err)
		assert.Equal(t, way, again)
		assert.Equal(t, u.Hostname(), again.host)
	}
	u := &url.URL{Scheme: "http", Host: "a.test"}
	assert.Len(t, newRoute(u, make([]netip.Addr, 100)).addrs, maxAddresses)
	assert.NotEqual(t, newRoute(u, addrs).String(), newRoute(u, addrs[:2]).String(), "connections are not shared between them")
	for _, bad := range []string{"a.test:80", "", "61:80", "zz:80", "612038:80"} {
		_, err := parseRoute(bad)
		assert.Error(t, err, bad)
	}
}

func TestHostHeader(t *testing.T) {
	for text, want := range map[string]string{
		"http://a.test:80/": "a.test", "https://a.test:443/": "a.test", "http://a.test:443/": "a.test:443", "http://[::80]/": "[::80]", "http://[::80]:80/": "[::80]",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, hostHeader(u), text)
	}
}
