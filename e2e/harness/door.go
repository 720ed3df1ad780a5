//go:build e2e

package harness

import (
	_ "image/jpeg" // what the tests decode
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Door is a proxy before an application: it knows what the application is asked, and can be closed.
type Door struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string              // targets
	holds func(r *http.Request) // what happens to a request before it goes on
}

// StartDoor starts a door before an application.
func StartDoor(t *testing.T, a *App) *Door {
	t.Helper()
	target, err := url.Parse(a.URL(""))
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	g := &Door{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.asked = append(g.asked, r.URL.RequestURI())
		holds := g.holds
		g.mu.Unlock()
		if holds != nil {
			holds(r)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// Hold says what happens to each request before it goes on; nil lets it through.
func (g *Door) Hold(how func(r *http.Request)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds = how
}

// Upstream is the door's address as it stands in a Caddyfile.
func (g *Door) Upstream() string { return strings.TrimPrefix(g.URL, "http://") }

// Count returns how often the application was asked for what begins like this.
func (g *Door) Count(prefix string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, target := range g.asked {
		if strings.HasPrefix(target, prefix) {
			n++
		}
	}
	return n
}
