package imageopt

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// publicHere is the address that the fetchers of the tests take for one of the internet.
var publicHere = netip.MustParseAddr("127.0.0.1")

// answers is a resolver that gives the answers of a host one after the other, and the last one from then on.
type answers struct {
	mu    sync.Mutex
	hosts map[string][][]string
	asked []string
}

func (a *answers) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, host)
	left := a.hosts[host]
	if len(left) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(left) > 1 {
		a.hosts[host] = left[1:]
	}
	var addrs []netip.Addr
	for _, text := range left[0] {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs, nil
}

func (a *answers) lookups() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.asked...)
}

// names lets every host be at the public address.
type names struct{}

func (names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{publicHere}, nil
}

// newTestFetcher takes 127.0.0.1 for a public address and nothing else that is not one.
func newTestFetcher(t *testing.T, limits FetchLimits, resolver Resolver) *Fetcher {
	t.Helper()
	f := NewFetcher(limits, resolver)
	f.special = func(addr netip.Addr) error {
		if addr == publicHere {
			return nil
		}
		return specialUse(addr)
	}
	t.Cleanup(f.Close)
	return f
}

// trust lets a fetcher connect to a server of httptest that has TLS.
func trust(f *Fetcher, server *httptest.Server) {
	f.tls.RootCAs = x509.NewCertPool()
	f.tls.RootCAs.AddCert(server.Certificate())
}

func anything(*url.URL) bool { return true }

// at is the URL of a path on a server, in the name of host.
func at(t *testing.T, server *httptest.Server, host, path string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(server.URL)
	require.NoError(t, err)
	u, err := url.Parse(parsed.Scheme + "://" + net.JoinHostPort(host, parsed.Port()) + path)
	require.NoError(t, err)
	return u
}

// serve starts a server that ends with the test.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// refusal is the FetchError that err must be.
func refusal(t *testing.T, err error) *FetchError {
	t.Helper()
	failed, ok := errors.AsType[*FetchError](err)
	require.True(t, ok, "%v", err)
	return failed
}

// requireRefused asserts what is answered and why.
func requireRefused(t *testing.T, err error, status int, text string, cause FetchCause) FetchError {
	t.Helper()
	failed := refusal(t, err)
	require.Equal(t, []any{status, text, cause}, []any{failed.Status, failed.Text, failed.Cause}, "%v", err)
	return *failed
}
