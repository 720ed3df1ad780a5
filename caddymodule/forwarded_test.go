package caddymodule

import (
	"fmt"
	"image"
	"image/png"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const visitorAddress = "203.0.113.9"

// asVisitor is what a balancer says of a visitor.
var asVisitor = []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "www.example.com", "X-Forwarded-For", visitorAddress}

// askedAs are requests that an application got, by path: those of the visitor, which have its address, and those of the
// edge.
type askedAs struct {
	mu            sync.Mutex
	visitor, edge map[string][]http.Header
}

func (a *askedAs) note(r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := r.Header.Clone()
	h.Set("Host", r.Host)
	by := a.edge
	if strings.Contains(h.Get("X-Forwarded-For"), visitorAddress) {
		by = a.visitor
	}
	by[r.URL.Path] = append(by[r.URL.Path], h)
}

func (a *askedAs) of(by map[string][]http.Header, path string) []http.Header {
	a.mu.Lock()
	defer a.mu.Unlock()
	return by[path]
}

// An application that redirects to https is asked in the background as by its visitors, or it would redirect each time.
func TestTheEdgeAsksAsItsVisitorsHaveCome(t *testing.T) {
	const server, proxy = "servers {\n trusted_proxies static private_ranges\n}", "proxy {\n trusted_proxies private_ranges\n}"
	for _, c := range []struct {
		name, global, words string
		trusted             bool
	}{
		{"behind a proxy that the server trusts", server, "", true},
		{"behind a proxy that reverse_proxy trusts", "", proxy, true},
		{"behind nothing", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := &askedAs{visitor: map[string][]http.Header{}, edge: map[string][]http.Header{}}
			next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
				asked.note(r)
				if r.URL.Path == "/photo" {
					w.Header().Set("Content-Type", "image/png")
					_ = png.Encode(w, image.NewRGBA(image.Rect(0, 0, 8, 8)))
					return
				}
				if r.Header.Get("X-Forwarded-Proto") != "https" && c.trusted {
					http.Redirect(w, r, "https://www.example.com"+r.URL.Path, http.StatusTemporaryRedirect)
					return
				}
				w.Header().Set("Cache-Control", "s-maxage=1, stale-while-revalidate=600")
				w.Header().Set("X-Nextjs-Cache", "HIT")
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = fmt.Fprint(w, "page")
			})
			dir := t.TempDir()
			buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{App: map[string]string{"/page/page": "/page"}})
			e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n image {\n local /photo\n sizes 640\n qualities 75\n }\n }\n %s\n}", next, dir, c.words),
				"nextjs {\n state "+t.TempDir()+"\n}", c.global)
			require.Eventually(t, func() bool {
				body, status := e.Cached(t, "/page", asVisitor...)
				require.Equal(t, "page", body, status)
				return len(asked.of(asked.edge, "/page")) > 2
			}, 20*time.Second, 20*time.Millisecond)
			client, _ := e.Client(t, edgetest.H1)
			req, err := http.NewRequest(http.MethodGet, e.URL("/_next/image?url=%2Fphoto&w=640&q=75"), nil)
			require.NoError(t, err)
			for i := 0; i < len(asVisitor); i += 2 {
				req.Header.Set(asVisitor[i], asVisitor[i+1])
			}
			res, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)

			proto, host := "https", "www.example.com"
			if !c.trusted {
				proto, host = "http", "localhost:"+e.Port
			}
			for _, h := range asked.of(asked.edge, "/page") {
				assert.Equal(t, []string{proto, host, "localhost:" + e.Port}, []string{
					h.Get("X-Forwarded-Proto"),
					h.Get("X-Forwarded-Host"), h.Get("Host"),
				})
				assert.NotContains(t, fmt.Sprint(h), visitorAddress)
			}
			for _, h := range asked.of(asked.edge, "/photo") {
				assert.Equal(t, []string{proto, "localhost", "localhost"}, []string{h.Get("X-Forwarded-Proto"), h.Get("X-Forwarded-Host"), h.Get("Host")}, "one picture serves all hosts")
			}
			assert.NotEmpty(t, asked.of(asked.edge, "/photo"))
			assert.Equal(t, c.trusted, len(asked.of(asked.visitor, "/page")) > 0)
		})
	}
}
