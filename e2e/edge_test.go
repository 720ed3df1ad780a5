//go:build e2e

package e2e_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

// edge is a running Caddy with caddy-nextjs: the same site over HTTP and HTTPS.
type edge struct {
	*process
	dir       string
	httpPort  int
	tlsPort   int
	adminPort int
	roots     *x509.CertPool
}

// setup is what a test's edge has that others have not: lines of its Caddyfile.
type setup struct {
	global string // in the global options
	zones  string // in the nextjs block, before the zones of the applications
	site   string // in the site, beside the nextjs directive
	sites  string // more sites
}

var caddyfile = template.Must(template.New("Caddyfile").Parse(`{
	admin localhost:{{.Edge.AdminPort}}
	local_certs
	skip_install_trust
	auto_https disable_redirects
	persist_config off
{{.Setup.Global}}
}
(site) {
	log {
		output file {{.Edge.AccessLog}} {
			roll_disabled
		}
		format json
	}
{{.Setup.Site}}
	nextjs {
{{.Setup.Zones}}
{{- with .Fleet}}
		zone home / {{.Home.Upstream}}
		zone {{.Blog.Upstream}} blog {
			build {{.Blog.Build}}
		}
		zone /shop {{.Shop.Upstream}}
{{- end}}
	}
}
http://localhost:{{.Edge.HTTPPort}} {
	import site
}
https://localhost:{{.Edge.TLSPort}} {
	import site
}
{{.Setup.Sites}}
`))

// caddyfile returns the edge's configuration. Without a fleet the zones of the setup are all.
func (e *edge) caddyfile(t testing.TB, f *fleet, s setup) string {
	t.Helper()
	type appView struct{ Upstream, Build string }
	data := map[string]any{
		"Setup": map[string]string{"Global": s.global, "Zones": s.zones, "Site": s.site, "Sites": s.sites},
		"Edge": map[string]any{
			"AdminPort": e.adminPort, "HTTPPort": e.httpPort, "TLSPort": e.tlsPort, "AccessLog": e.accessLog(),
		},
	}
	if f != nil {
		view := map[string]appView{}
		for key, a := range map[string]*app{"Home": f.home, "Blog": f.blog, "Shop": f.shop} {
			view[key] = appView{Upstream: a.upstream(), Build: filepath.Join(a.dir, ".next", "standalone")}
		}
		data["Fleet"] = view
	}
	var text bytes.Buffer
	require.NoError(t, caddyfile.Execute(&text, data))
	return text.String()
}

// sharedEdge returns the edge before all applications, for tests that only ask. It keeps each default.
func sharedEdge(t testing.TB) (*edge, *fleet) {
	t.Helper()
	f := nextApps(t)
	sharedEdgeOnce.Do(func() { theSharedEdge = launch(t, f, setup{}) })
	require.NotNil(t, theSharedEdge, "the edge did not start in an earlier test")
	require.True(t, theSharedEdge.running(), "the edge has ended:\n%s", theSharedEdge.log.since(0))
	theSharedEdge.showLogOnFailure(t)
	return theSharedEdge, f
}

var (
	sharedEdgeOnce sync.Once
	theSharedEdge  *edge
)

// startEdge starts an edge for one test.
func startEdge(t testing.TB, f *fleet, s setup) *edge {
	t.Helper()
	e := launch(t, f, s)
	t.Cleanup(e.kill)
	e.showLogOnFailure(t)
	return e
}

// serverBinary returns the Caddy under test.
func serverBinary(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(repository(), "bin", "caddy")
	if other := os.Getenv("E2E_CADDY"); other != "" {
		binary = other
	}
	require.FileExists(t, binary, "the server is not built: `make test` builds it before it runs these tests")
	return binary
}

func launch(t testing.TB, f *fleet, s setup) *edge {
	t.Helper()
	binary := serverBinary(t)
	dir, err := os.MkdirTemp(scratch, "edge-")
	require.NoError(t, err)
	e := &edge{dir: dir}
	for _, port := range []*int{&e.httpPort, &e.tlsPort, &e.adminPort} {
		*port, err = freePort()
		require.NoError(t, err)
	}
	e.writeCaddyfile(t, e.caddyfile(t, f, s))
	env := []string{"HOME=" + dir, "XDG_DATA_HOME=" + filepath.Join(dir, "data"), "XDG_CONFIG_HOME=" + filepath.Join(dir, "config")}
	e.process, err = startProcess("edge", dir, env, binary, "run", "--config", e.caddyfilePath(), "--adapter", "caddyfile")
	require.NoError(t, err)
	require.True(t, poll(patience, func() bool { return !e.running() || e.answers() }) && e.running(),
		"the edge did not start:\n%s", e.log.since(0))
	e.roots = e.readRoots(t)
	return e
}

// answers reports whether both sites are served.
func (e *edge) answers() bool {
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
	}
	for _, url := range []string{e.url("/robots.txt"), e.tlsURL("/robots.txt")} {
		res, err := client.Get(url)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
	}
	return true
}

func (e *edge) readRoots(t testing.TB) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(e.dir, "data", "caddy", "pki", "authorities", "local", "root.crt"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	return roots
}

func (e *edge) url(path string) string { return fmt.Sprintf("http://localhost:%d%s", e.httpPort, path) }
func (e *edge) tlsURL(path string) string {
	return fmt.Sprintf("https://localhost:%d%s", e.tlsPort, path)
}
func (e *edge) address() string       { return fmt.Sprintf("localhost:%d", e.httpPort) }
func (e *edge) caddyfilePath() string { return filepath.Join(e.dir, "Caddyfile") }
func (e *edge) accessLog() string     { return filepath.Join(e.dir, "access.json") }

func (e *edge) writeCaddyfile(t testing.TB, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(e.caddyfilePath(), []byte(text), 0o600))
}

// load gives the running edge another configuration, and returns what it says when it refuses it.
func (e *edge) load(t testing.TB, text string) (refusal string) {
	t.Helper()
	url := fmt.Sprintf("http://localhost:%d/load", e.adminPort)
	res, err := http.Post(url, "text/caddyfile", strings.NewReader(text))
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if res.StatusCode == http.StatusOK {
		return ""
	}
	return string(body)
}
