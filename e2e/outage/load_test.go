//go:build e2e

package outage_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// keptPages are prerendered, so the edge keeps them; freshPaths are answered anew each time.
var (
	keptPages  = []string{"/", "/about"}
	freshPaths = []string{"/api/echo", "/api/slow?ms=20", "/guestbook", "/api/slow?ms=300"}
)

// isKept reports whether an answer is for a page that the edge keeps.
func isKept(a harness.LoadAnswer) bool { return slices.Contains(keptPages, a.Path) }

// startKeeping starts an edge before the home application, which has requests wait, and waits until it keeps keptPages.
func startKeeping(t *testing.T, home *harness.App) *harness.Edge {
	t.Helper()
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf(
		"\t\tzone home / %s {\n\t\t\tbuild %s\n\t\t\tqueue 1000 30s\n\t\t}\n\t\tcache\n",
		home.Upstream(), filepath.Join(home.Dir, ".next", "standalone"))})
	client := edgetest.PlainClient(t)
	for _, path := range keptPages {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			a := edgetest.Get(t, client, e.URL(path))
			return a.StatusCode == http.StatusOK && strings.Contains(a.Header.Get("Cache-Status"), "; hit")
		}, "%s is kept", path)
	}
	return e
}

// startLoad sends 200 requests a second: 160 for pages that are kept, 40 for what never is.
func startLoad(t *testing.T, e *harness.Edge) *harness.Load {
	t.Helper()
	return harness.StartLoad(t, e.URL(""), harness.Mix{
		Every: 5 * time.Millisecond, Paths: keptPages, Rare: freshPaths, RareEvery: 5,
	})
}
