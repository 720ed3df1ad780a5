package edge

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

const testCookie = "nextjs_deployment_shop"

func TestWhatARequestSaysOfItsDeployment(t *testing.T) {
	const dpl, id = "X-Deployment-Id", "dpl-1"
	cookie := []string{"Cookie", "a=b; " + testCookie + "=v1; c=d"}
	for _, row := range []struct {
		name   string
		kind   zones.Kind
		target string
		header []string
		want   deploy.PinFacts
	}{
		{"document", zones.KindDocument, "/page?dpl=x", cookie, deploy.PinFacts{Document: true}},
		{"document with header", zones.KindDocument, "/page", []string{dpl, id}, deploy.PinFacts{Document: true, Header: id}},
		{"route handler", zones.KindAPI, "/api/x?dpl=x", cookie, deploy.PinFacts{}},
		{"route handler with header", zones.KindAPI, "/api/x", []string{dpl, id}, deploy.PinFacts{Header: id}},
		{"navigation", zones.KindRSC, "/page?dpl=x", cookie, deploy.PinFacts{Cookie: "v1"}},
		{"navigation with header", zones.KindRSC, "/page", []string{dpl, id}, deploy.PinFacts{Header: id}},
		{"prefetch", zones.KindPrefetch, "/page", cookie, deploy.PinFacts{Cookie: "v1"}},
		{"segment", zones.KindSegment, "/page", cookie, deploy.PinFacts{Cookie: "v1"}},
		{"data", zones.KindData, "/_next/data/b1/a.json?dpl=x", cookie, deploy.PinFacts{BuildID: "b1", Cookie: "v1"}},
		{"data of an encoded id", zones.KindData, "/_next/data/b%201/page.json", nil, deploy.PinFacts{BuildID: "b 1"}},
		{"no data", zones.KindData, "/_next/data/b1", nil, deploy.PinFacts{}},
		{
			"action", zones.KindAction, "/page", append([]string{"Next-Action", "40ab"}, cookie...),
			deploy.PinFacts{Cookie: "v1"},
		},
		{"form", zones.KindAction, "/page", cookie, deploy.PinFacts{Cookie: "v1"}},
		{
			"chunk", zones.KindStatic, "/_next/static/chunks/a.js?dpl=dpl-1&dpl=x", cookie,
			deploy.PinFacts{Query: id, Path: "/_next/static/chunks/a.js", Cookie: "v1"},
		},
		{
			"encoded dpl", zones.KindStatic, "/_next/static/css/a.css?v=1&dpl=dpl%2D1", nil,
			deploy.PinFacts{Query: id, Path: "/_next/static/css/a.css"},
		},
		{
			"manifest", zones.KindStatic, "/_next/static/b1/_buildManifest.js", nil,
			deploy.PinFacts{BuildID: "b1", Path: "/_next/static/b1/_buildManifest.js"},
		},
		{
			"imported picture", zones.KindImage, "/_next/image?url=%2F_next%2Fstatic%2Fmedia%2Fa.png&w=64&q=75", cookie,
			deploy.PinFacts{Path: "/_next/static/media/a.png", Cookie: "v1"},
		},
		{
			"imported picture below a basePath, with dpl", zones.KindImage,
			"/_next/image?url=%2Fshop%2F_next%2Fstatic%2Fmedia%2Fa.png%3Fdpl%3Ddpl-1&w=64&q=75", nil,
			deploy.PinFacts{Query: id, Path: "/_next/static/media/a.png"},
		},
		{
			"dpl beside the url", zones.KindImage,
			"/_next/image?url=%2Fshop%2F_next%2Fstatic%2Fmedia%2Fa.png&w=64&q=75&dpl=dpl-1", nil,
			deploy.PinFacts{Query: id, Path: "/_next/static/media/a.png"},
		},
		{
			"picture without dpl", zones.KindImage, "/_next/image?url=%2F_next%2Fstatic%2Fimmutable%2Fa.png&w=64", cookie,
			deploy.PinFacts{Path: "/_next/static/immutable/a.png", Cookie: "v1"},
		},
		{"public picture", zones.KindImage, "/_next/image?url=%2Fa.png&w=64&q=75", cookie, deploy.PinFacts{}},
		{"elsewhere", zones.KindImage, "/_next/image?url=%2F%2Fx%2F_next%2Fstatic%2Fmedia%2Fa", cookie, deploy.PinFacts{}},
		{"upgrade", zones.KindUpgrade, "/socket?dpl=x", cookie, deploy.PinFacts{}},
	} {
		r := httptest.NewRequest(http.MethodGet, row.target, nil)
		for i := 0; i < len(row.header); i += 2 {
			r.Header.Add(row.header[i], row.header[i+1])
		}
		path, _, _ := strings.Cut(row.target, "?")
		assert.Equal(t, row.want, PinFactsOf(r, row.kind, path, testCookie), row.name)
	}
}

func TestThePinCookieOfARequest(t *testing.T) {
	for line, want := range map[string]string{
		testCookie + "=v1":        "v1",
		testCookie + "=v%201":     "v 1",
		testCookie + "=v%":        "v%",
		"x" + testCookie + "=v1":  "",
		testCookie + "2=v1":       "",
		"a=" + testCookie + "=v1": "",
		testCookie:                "",
		";;" + testCookie + "=v1 ;" + testCookie + "=v2":    "v1",
		"NEXT_LOCALE=de;\t" + testCookie + "=v1; session=x": "v1",
	} {
		assert.Equal(t, want, pinCookieOf(http.Header{"Cookie": {line}}, testCookie), line)
		assert.Empty(t, pinCookieOf(http.Header{"Cookie": {line}}, ""), line)
	}
	assert.Equal(t, "v1", pinCookieOf(http.Header{"Cookie": {"a=b", testCookie + "=v1"}}, testCookie))
	assert.Equal(t, "nextjs_deployment_my_shop_", PinCookieName("my shop;"))
}

func TestPinFactsOfMostRequestsDoNotAllocate(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/_next/static/chunks/a.js?dpl=dpl-1", nil)
	r.Header.Set("Cookie", "a=b; "+testCookie+"=v1")
	for kind := range zones.Kind(zones.Kinds) {
		assert.Zero(t, testing.AllocsPerRun(100, func() { PinFactsOf(r, kind, r.URL.Path, testCookie) }), kind)
	}
}
