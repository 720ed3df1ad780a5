//go:build e2e

package harness

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

var (
	sharedEdgeOnce sync.Once
	theSharedEdge  *Edge
)

// SharedEdge returns the edge before all applications, for tests that only ask. It keeps each default.
func SharedEdge(t testing.TB) (*Edge, *Fleet) {
	t.Helper()
	f := NextApps(t)
	sharedEdgeOnce.Do(func() { theSharedEdge = Launch(t, f, Setup{}) })
	require.NotNil(t, theSharedEdge, "the edge did not start in an earlier test")
	require.True(t, theSharedEdge.Running(), "the edge has ended:\n%s", theSharedEdge.Log.Since(0))
	theSharedEdge.ShowLogOnFailure(t)
	return theSharedEdge, f
}

// StartEdge starts an edge for one test.
func StartEdge(t testing.TB, f *Fleet, s Setup) *Edge {
	t.Helper()
	e := Launch(t, f, s)
	t.Cleanup(e.Kill)
	e.ShowLogOnFailure(t)
	return e
}

// ServerBinary returns the Caddy under test.
func ServerBinary(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(Repository(), "bin", "caddy")
	if other := os.Getenv("E2E_CADDY"); other != "" {
		binary = other
	}
	require.FileExists(t, binary, "the server is not built: `make test` builds it before it runs these tests")
	return binary
}

// Launch starts an edge that runs until the end of the package's tests. Without a fleet the zones of the setup are all.
func Launch(t testing.TB, f *Fleet, s Setup) *Edge {
	t.Helper()
	dir, err := os.MkdirTemp(Scratch, "edge-")
	require.NoError(t, err)
	e := &Edge{Dir: dir}
	for _, port := range []*int{&e.HTTPPort, &e.TLSPort, &e.AdminPort} {
		*port, err = edgetest.FindPort()
		require.NoError(t, err)
	}
	e.WriteCaddyfile(t, e.Caddyfile(t, f, s))
	e.run(t)
	e.roots = e.readRoots(t)
	return e
}

// run starts the process and waits until it serves.
func (e *Edge) run(t testing.TB) {
	t.Helper()
	env := []string{
		"HOME=" + e.Dir, "XDG_DATA_HOME=" + filepath.Join(e.Dir, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(e.Dir, "config"),
	}
	var err error
	e.Process, err = StartProcess("edge", e.Dir, env, ServerBinary(t), "run", "--config", e.CaddyfilePath(), "--adapter",
		"caddyfile")
	require.NoError(t, err)
	served := edgetest.Poll(edgetest.Patience, func() bool { return !e.Running() || e.answers() })
	require.True(t, served && e.Running(), "the edge did not start:\n%s", e.Log.Since(0))
}

// Restart starts the edge again, after it was killed or has ended, with the same files and ports.
func (e *Edge) Restart(t testing.TB) {
	t.Helper()
	require.False(t, e.Running())
	e.run(t)
	t.Cleanup(e.Kill)
	e.ShowLogOnFailure(t)
}

// answers reports whether both sites are served. Where no application is, a request waits for one: that is served, too.
func (e *Edge) answers() bool {
	client := &http.Client{
		Timeout: 3 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
	}
	for _, url := range []string{e.URL("/robots.txt"), e.TLSURL("/robots.txt")} {
		res, err := client.Get(url)
		switch {
		case err == nil:
			_ = res.Body.Close()
		case !os.IsTimeout(err):
			return false
		}
	}
	return true
}

func (e *Edge) readRoots(t testing.TB) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(e.Dir, "data", "caddy", "pki", "authorities", "local", "root.crt"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	return roots
}
