package imageopt

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Other spellings of an address are undone by the WHATWG parser, here through a redirect.
func TestSpecialAddressesAreNotConnectedTo(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	port := at(t, server, "x", "").Port()
	f := NewFetcher(FetchLimits{}, &answers{hosts: map[string][][]string{
		"private.test": {{"10.1.2.3"}},
		"mixed.test":   {{"93.184.216.34", "127.0.0.1"}},
		"mapped.test":  {{"::ffff:127.0.0.1"}},
		"meta.test":    {{"169.254.169.254"}},
		"v6.test":      {{"2606:2800:220:1::1", "fd00::1"}},
		"scoped.test":  {{"2606:2800:220:1::1%eth0"}},
	}})
	t.Cleanup(f.Close)
	base, err := url.Parse("http://cdn.test/")
	require.NoError(t, err)
	for _, host := range []string{
		"127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.000.000.001", "127.0.0.1.", "%31%32%37.0.0.1",
		"①②⑦.0.0.1", "0", "0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "224.0.0.1", "255.255.255.255",
		"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fc00::1]", "[fd12::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]",
		"private.test", "mixed.test", "mapped.test", "meta.test", "v6.test", "scoped.test", "MIXED.test",
	} {
		u := redirectTarget(base, 302, "http://"+host+":"+port+"/photo.jpg")
		require.NotNil(t, u, host)
		_, err := f.Remote(t.Context(), u, anything)
		failed := requireRefused(t, err, 400, notAllowed, CauseAddress)
		assert.Contains(t, failed.Error(), "dangerouslyAllowLocalIP", host)
	}
	assert.Zero(t, connections.Load())

	allowed := NewFetcher(FetchLimits{AllowPrivate: true}, nil)
	t.Cleanup(allowed.Close)
	_, err = allowed.Remote(t.Context(), at(t, server, "127.0.0.1", "/"), anything)
	requireRefused(t, err, 404, upstreamInvalid, CauseStatus)
	assert.NotZero(t, connections.Load())
}

// A name whose address changes between the check and the connection gets the connection to the address that was
// checked.
func TestTheCheckedAddressIsTheOneConnectedTo(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "public") })
	port := at(t, server, "x", "").Port()
	private, err := net.Listen("tcp", "127.0.0.2:"+port)
	require.NoError(t, err)
	inside := &httptest.Server{Listener: private, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "private")
	})}}
	inside.Start()
	t.Cleanup(inside.Close)

	resolver := &answers{hosts: map[string][][]string{"rebinding.test": {{"127.0.0.1"}, {"127.0.0.2"}}}}
	f := newTestFetcher(t, FetchLimits{}, resolver)
	source, err := f.Remote(t.Context(), at(t, server, "rebinding.test", "/"), anything)
	require.NoError(t, err)
	assert.Equal(t, "public", string(source.Body))
	assert.Equal(t, []string{"rebinding.test"}, resolver.lookups(), "one lookup, whose answer is used")

	// The connection is idle now, and must not serve a request whose check fails.
	_, err = f.Remote(t.Context(), at(t, server, "rebinding.test", "/"), anything)
	requireRefused(t, err, 400, notAllowed, CauseAddress)
}

// Connections are kept, by the addresses that they were checked for.
func TestConnectionsAreKeptByTheirAddresses(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "image") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	resolver := &answers{hosts: map[string][][]string{"a.test": {{"127.0.0.1"}, {"127.0.0.1"}, {"127.0.0.1", "127.0.0.1"}}}}
	f := newTestFetcher(t, FetchLimits{}, resolver)
	for _, want := range []int32{1, 1, 2} {
		_, err := f.Remote(t.Context(), at(t, server, "a.test", "/"), anything)
		require.NoError(t, err)
		assert.Equal(t, want, connections.Load())
	}
}
