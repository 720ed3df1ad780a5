//go:build e2e

package parity_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestThroughTheEdgeIsAsDirect(t *testing.T) {
	e, f := harness.SharedEdge(t)
	tests := []struct {
		zone, method, path string
		headers            []string
	}{
		{zone: "home", path: "/"},
		{zone: "home", path: "/about"},
		{zone: "home", path: "/visit?from=keepers"},
		{zone: "home", path: "/tides"},
		{zone: "home", path: "/guestbook"},
		{zone: "home", path: "/keepers"},
		{zone: "home", path: "/keepers", headers: []string{"Cookie", "keeper=yes"}},
		{zone: "home", path: "/robots.txt"},
		{zone: "home", path: "/docs/timetable.txt"},
		{zone: "home", path: "/docs/timetable.txt", headers: []string{"Range", "bytes=10-29"}},
		{zone: "home", path: "/docs/f%C3%A4hr%20plan.txt"},
		{zone: "home", path: "/api/echo?a=1&a=2&b=%2F+%20c"},
		{zone: "home", path: "/api/slow?ms=x"},
		{zone: "home", path: "/no-such-page"},
		{zone: "home", path: "/about/"},
		{zone: "home", method: http.MethodHead, path: "/about"},
		{zone: "home", method: http.MethodOptions, path: "/about"},
		{zone: "home", method: http.MethodDelete, path: "/about"},
		{zone: "home", method: http.MethodPut, path: "/api/echo"},
		{zone: "home", path: "/about?_rsc", headers: []string{"RSC", "1"}},
		{zone: "home", path: "/about?_rsc=bl95g", headers: []string{"RSC", "1", "Next-Router-Prefetch", "1"}},
		{zone: "blog", path: "/blog"},
		{zone: "blog", path: "/blog/the-comet-supper"},
		{zone: "blog", path: "/blog/no-such-note"},
		{zone: "blog", path: "/blog/search?q=kettle"},
		{zone: "blog", path: "/blog/search?q=K%C3%A4se+%26"},
		{zone: "blog", path: "/blog/comet.jpg"},
		{zone: "blog", path: "/blog/"},
		{zone: "shop", path: "/shop"},
		{zone: "shop", path: "/shop/"},
		{zone: "shop", path: "/shop/de"},
		{zone: "shop", path: "/shop", headers: []string{"Accept-Language", "de"}},
		{zone: "shop", path: "/shop", headers: []string{"Accept-Language", "de", "Cookie", "NEXT_LOCALE=en"}},
		{zone: "shop", path: "/shop/p/gannet"},
		{zone: "shop", path: "/shop/de/p/lantern"},
		{zone: "shop", path: "/shop/p/no-such-print"},
		{zone: "shop", path: "/shop/basket"},
		{zone: "shop", path: "/shop/api/stock?id=lantern"},
		{zone: "shop", path: "/shop/api/stock?id=none"},
		{zone: "shop", path: "/shop/api/basket"},
		{zone: "shop", path: "/shop/no-such-page"},
		{zone: "shop", path: "/shop/prints/tide.jpg"},
	}
	client := edgetest.PlainClient(t)
	for _, test := range tests {
		method := test.method
		if method == "" {
			method = http.MethodGet
		}
		name := strings.Join(append([]string{method, harness.NoSlash(test.path)}, test.headers...), " ")
		t.Run(name, func(t *testing.T) {
			direct := f.ByZone(test.zone)
			// Both with the host that the client sees, which Next.js puts into some redirects.
			ask := func(url string) edgetest.Answer {
				req := edgetest.Request(t, edgetest.Within(t, 2*edgetest.Patience), method, url, nil, test.headers...)
				req.Host = e.Address()
				return edgetest.Do(t, client, req)
			}
			harness.AssertSame(t, func() edgetest.Answer { return ask(e.URL(test.path)) },
				func() edgetest.Answer { return ask(direct.URL(test.path)) })
		})
	}
}

func TestTheApplicationSeesTheClientsRequest(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	a := edgetest.Get(t, e.Client(t, edgetest.H2), e.TLSURL("/api/echo"),
		"User-Agent", "e2e/1", "Cookie", "a=b", "X-Custom", "kept", "Accept-Encoding", "gzip",
		"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "ftp")
	body := echoOf(t, a)
	assert.Equal(t, "e2e/1", body.Headers["user-agent"])
	assert.Equal(t, "a=b", body.Headers["cookie"])
	assert.Equal(t, "kept", body.Headers["x-custom"])
	assert.Equal(t, strings.TrimPrefix(e.TLSURL(""), "https://"), body.Headers["host"])
	assert.Equal(t, strings.TrimPrefix(e.TLSURL(""), "https://"), body.Headers["x-forwarded-host"])
	assert.Equal(t, "https", body.Headers["x-forwarded-proto"])
	assert.NotContains(t, body.Headers["x-forwarded-for"], "192.0.2.7", "nobody trusts what a stranger says of himself")
	assert.Empty(t, body.Headers["accept-encoding"], "the edge compresses, the application does not")
}
