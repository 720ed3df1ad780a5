package edgetest

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Upstream starts an HTTP server and returns its host:port. At the end of the test it does not wait for answers that
// are open.
func Upstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.Listener.Addr().String()
}

// Named starts an upstream that answers with its name.
func Named(t testing.TB, name string) string {
	t.Helper()
	return Upstream(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

// TrustedTLSUpstream starts an HTTPS server whose certificate the process trusts, and returns its URL.
func TrustedTLSUpstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: certificates.TLS.Certificates}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// UntrustedTLSUpstream starts an HTTPS server that shows a certificate made for somebody else, and returns its URL.
func UntrustedTLSUpstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	url := TrustedTLSUpstream(t, handler)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
	require.NoError(t, err)
	return "https://localhost:" + port // the certificate is for 127.0.0.1, ::1 and example.com
}

// Restartable is an upstream that can be stopped and started again at its address.
type Restartable struct {
	Address string

	t       testing.TB
	handler http.Handler
	server  *httptest.Server
}

// NewRestartable starts one. nil of handler: it answers with nothing.
func NewRestartable(t testing.TB, handler http.Handler) *Restartable {
	t.Helper()
	if handler == nil {
		handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	}
	u := &Restartable{Address: "127.0.0.1:" + FreePort(t), t: t, handler: handler}
	u.Start()
	t.Cleanup(u.Stop)
	return u
}

// Start has it listen.
func (u *Restartable) Start() {
	u.t.Helper()
	listener, err := net.Listen("tcp", u.Address)
	require.NoError(u.t, err)
	u.server = httptest.NewUnstartedServer(u.handler)
	_ = u.server.Listener.Close() // that of httptest, on a port of its own
	u.server.Listener = listener
	u.server.Start()
}

// Stop ends it with all that it is at, and refuses connections from then on.
func (u *Restartable) Stop() {
	if u.server == nil {
		return
	}
	u.server.CloseClientConnections()
	u.server.Close()
	u.server = nil
}
