package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// pinnedSite is an edge before an application that has two deployments, of which its zone is one: the live one, or not.
func pinnedSite(t *testing.T, onAll, isLive bool) (e *edgetest.Edge) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		ID: t.Name(), App: map[string]string{"/shared/page": "/shared", "/own/page": "/own"},
		Files: map[string]string{"static/chunks/a.js": "a()", "../public/a.txt": "a"},
	})
	app := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
		if r.URL.Path == "/shared" {
			h.Set("Cache-Control", "s-maxage=31536000")
			h.Set("X-Nextjs-Cache", "HIT")
		}
		if strings.HasPrefix(r.URL.Path, "/_next/") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "a page")
	})
	e = edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone shop / %s {\n build %s\n }\n cdn\n proxy {\n header_down X-To {http.nextjs.deployment}\n }\n}", app, dir),
		edgetest.State(t.TempDir()))
	for _, site := range edge.Sites() {
		zone := site.View.Load().List[0]
		zone.DeployedAs, zone.IsLive = "v2", isLive
		zone.Deployments = &edge.Deployments{
			List: []*edge.Zone{zone}, Cookie: edge.PinCookieName("shop"), CookieOnAll: onAll,
			Pins: deploy.NewPins([]deploy.PinTarget{{ID: "v2", BuildID: t.Name(), Live: true}}),
		}
	}
	return e
}

// What the page cache keeps has no cookie, so visitors who are answered from there get the one of their own.
func TestPinCookieAllAndThePageCache(t *testing.T) {
	e := pinnedSite(t, true, true)
	private := []string{"private, max-age=0, must-revalidate"}
	ask := func(want []string, headers ...string) (status string) {
		answer := e.Ask(t, http.MethodGet, "/shared", headers...)
		require.Equal(t, "a page", answer.Text)
		assert.Equal(t, want, answer.Header["Set-Cookie"])
		assert.Equal(t, private, cacheControl(answer))
		return answer.Header.Get("Cache-Status")
	}
	cookie := []string{"nextjs_deployment_shop=v2; Path=/; HttpOnly; SameSite=Lax"}
	ask(cookie)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return strings.Contains(ask(cookie), "; hit") }, "it is kept")
	assert.Contains(t, ask(nil, "Cookie", "nextjs_deployment_shop=v2"), "; hit", "the cookie does not lead past what is kept")
}

func TestPinCookieOnAndThePageCache(t *testing.T) {
	e := pinnedSite(t, false, true)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		shared := e.Ask(t, http.MethodGet, "/shared")
		assert.NotContains(t, shared.Header, "Set-Cookie", "a cache in front would give it to all")
		assert.Equal(t, []string{"public, max-age=0, s-maxage=31536000, must-revalidate"}, cacheControl(shared))
		return strings.Contains(shared.Header.Get("Cache-Status"), "; hit")
	}, "it is kept")
	own := e.Ask(t, http.MethodGet, "/own")
	assert.Len(t, own.Header["Set-Cookie"], 1)
	assert.Equal(t, "v2", own.Header.Get("X-To"))
	assert.NotContains(t, e.Ask(t, http.MethodGet, "/own", "Sec-Purpose", "prefetch").Header, "Set-Cookie")
}

// It holds for what the edge answers itself, too.
func TestNothingIsKeptOfADeploymentThatIsNotLive(t *testing.T) {
	e := pinnedSite(t, false, false)
	nowhere := []string{"private, no-store"}
	for _, path := range []string{"/shared", "/own", "/a.txt", "/_next/static/chunks/none.js"} {
		answer := e.Ask(t, http.MethodGet, path)
		assert.Equal(t, nowhere, cacheControl(answer), path)
		assert.NotContains(t, answer.Header, "Set-Cookie", path)
	}
	chunk := e.Ask(t, http.MethodGet, "/_next/static/chunks/a.js")
	assert.Equal(t, "a()", chunk.Text)
	assert.Equal(t, []string{"public, max-age=31536000, immutable"}, cacheControl(chunk))
}
