//go:build e2e

package harness

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

// Edge is a running Caddy with caddy-nextjs: the same site over HTTP and HTTPS.
type Edge struct {
	*Process
	Dir       string
	HTTPPort  int
	TLSPort   int
	AdminPort int
	roots     *x509.CertPool
}

// Setup is what a test's edge has that others have not: lines of its Caddyfile.
type Setup struct {
	Global string // in the global options
	Zones  string // in the nextjs block, before the zones of the applications
	Site   string // in the site, beside the nextjs directive
	Sites  string // more sites
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

// Caddyfile returns the edge's configuration. Without a fleet the zones of the setup are all.
func (e *Edge) Caddyfile(t testing.TB, f *Fleet, s Setup) string {
	t.Helper()
	type appView struct{ Upstream, Build string }
	data := map[string]any{
		"Setup": map[string]string{"Global": s.Global, "Zones": s.Zones, "Site": s.Site, "Sites": s.Sites},
		"Edge": map[string]any{
			"AdminPort": e.AdminPort, "HTTPPort": e.HTTPPort, "TLSPort": e.TLSPort, "AccessLog": e.AccessLog(),
		},
	}
	if f != nil {
		view := map[string]appView{}
		for key, a := range map[string]*App{"Home": f.Home, "Blog": f.Blog, "Shop": f.Shop} {
			view[key] = appView{Upstream: a.Upstream(), Build: filepath.Join(a.Dir, ".next", "standalone")}
		}
		data["Fleet"] = view
	}
	var text bytes.Buffer
	require.NoError(t, caddyfile.Execute(&text, data))
	return text.String()
}

// URL returns the address of a path of the site without TLS.
func (e *Edge) URL(path string) string { return fmt.Sprintf("http://localhost:%d%s", e.HTTPPort, path) }

// TLSURL returns the address of a path of the site with TLS.
func (e *Edge) TLSURL(path string) string {
	return fmt.Sprintf("https://localhost:%d%s", e.TLSPort, path)
}

// Address is that of the site without TLS, as host:port.
func (e *Edge) Address() string { return fmt.Sprintf("localhost:%d", e.HTTPPort) }

// CaddyfilePath is where the process has its configuration.
func (e *Edge) CaddyfilePath() string { return filepath.Join(e.Dir, "Caddyfile") }

// AccessLog is the file of the access log, a line of JSON for each request.
func (e *Edge) AccessLog() string { return filepath.Join(e.Dir, "access.json") }

// WriteCaddyfile replaces the configuration that the process reads when it starts.
func (e *Edge) WriteCaddyfile(t testing.TB, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(e.CaddyfilePath(), []byte(text), 0o600))
}

// Load gives the running edge another configuration, and returns what it says when it refuses it.
func (e *Edge) Load(t testing.TB, text string) (refusal string) {
	t.Helper()
	url := fmt.Sprintf("http://localhost:%d/load", e.AdminPort)
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
