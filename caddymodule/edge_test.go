package caddymodule

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"
)

// The tests of this package run one Caddy, in this process, with real upstreams; they cannot run in parallel.

// testCertificates are those of httptest's TLS servers, which the process is made to trust.
var testCertificates = httptest.NewUnstartedServer(nil)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	home, err := os.MkdirTemp("", "caddy-nextjs-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(home)
	testCertificates.StartTLS()
	roots := filepath.Join(home, "roots.pem")
	if err := writeCertificate(roots); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "SSL_CERT_FILE": roots,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// writeCertificate writes the test certificate, which is its own root, and its key as one PEM file.
func writeCertificate(file string) error {
	key, err := x509.MarshalPKCS8PrivateKey(testCertificates.TLS.Certificates[0].PrivateKey)
	if err != nil {
		return err
	}
	blocks := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testCertificates.Certificate().Raw})
	blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return os.WriteFile(file, blocks, 0o600)
}

// edge is the running Caddy: plain HTTP on one port, TLS with all HTTP versions on another.
type edge struct{ port, tlsPort string }

// serve starts Caddy with a site that has the given directives, and stops it at the end of the test.
func serve(t *testing.T, directives string, globals ...string) *edge {
	t.Helper()
	e := &edge{port: freePort(t), tlsPort: freePort(t)}
	require.NoError(t, e.load(t, directives, globals...))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	return e
}

// load replaces the configuration, as a reload does.
func (e *edge) load(t *testing.T, directives string, globals ...string) error {
	t.Helper()
	config, err := adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	auto_https off
	%s
}
http://localhost:%s {
	%s
}
https://localhost:%s {
	tls {env.SSL_CERT_FILE} {env.SSL_CERT_FILE}
	%s
}`, strings.Join(globals, "\n\t"), e.port, directives, e.tlsPort, directives))
	if err != nil {
		return err
	}
	if err := caddy.Load(config, true); err != nil {
		return err
	}
	// The listener of the configuration before may be closed a moment later, with the connections that came to it.
	for calm, tries := 0, 0; calm < 3 && tries < 1000; tries++ {
		time.Sleep(time.Millisecond)
		conn, err := net.Dial("tcp", "localhost:"+e.port)
		if err != nil {
			calm = 0
			continue
		}
		_ = conn.Close() // nothing was said
		calm++
	}
	return nil
}

func (e *edge) url(path string) string { return "http://localhost:" + e.port + path }

// fronts are the HTTP versions a client can speak to the edge.
var fronts = []string{"h1", "h2", "h3"}

// client returns a client that speaks one HTTP version, and the base URL to use it with. It asks for no encoding by itself.
func (e *edge) client(t *testing.T, front string) (*http.Client, string) {
	t.Helper()
	insecure := &tls.Config{InsecureSkipVerify: true}
	secure := "https://localhost:" + e.tlsPort
	switch front {
	case "h1":
		transport := &http.Transport{DisableCompression: true}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, CheckRedirect: noRedirects}, e.url("")
	case "h2":
		transport := &http.Transport{TLSClientConfig: insecure, ForceAttemptHTTP2: true, DisableCompression: true}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, CheckRedirect: noRedirects}, secure
	default:
		transport := &http3.Transport{TLSClientConfig: insecure, DisableCompression: true}
		t.Cleanup(func() { _ = transport.Close() })
		return &http.Client{Transport: transport, CheckRedirect: noRedirects}, secure
	}
}

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// upstream starts an HTTP server and returns its host:port.
func upstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// trustedTLSUpstream starts an HTTPS server whose certificate the process trusts.
func trustedTLSUpstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: testCertificates.TLS.Certificates}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// untrustedTLSUpstream starts an HTTPS server that shows a certificate made for somebody else.
func untrustedTLSUpstream(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	url := trustedTLSUpstream(t, handler)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
	require.NoError(t, err)
	return "https://localhost:" + port // the certificate is for 127.0.0.1, ::1 and example.com
}
