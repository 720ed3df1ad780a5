package zones

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		line    string
		headers []string
		want    string
	}{
		{"GET /", nil, "document"},
		{"GET /about", nil, "document"},
		{"HEAD /about", nil, "document"},
		{"GET ", nil, "document"},
		{"OPTIONS *", nil, "document"},

		{"GET /about", []string{"RSC: 1"}, "rsc"},
		{"GET /about", []string{"rsc: 1"}, "rsc"},
		{"GET /about", []string{"RSC: true"}, "document"},
		{"GET /about", []string{"RSC: "}, "document"},
		{"GET /about", []string{"RSC: 1", "Next-Router-State-Tree: x"}, "rsc"},
		{"GET /about", []string{"RSC: 1", "Next-Router-Prefetch: 1"}, "prefetch"},
		{"GET /about", []string{"RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"}, "segment"},
		{"GET /about", []string{"Next-Router-Prefetch: 1"}, "document"},
		{"GET /about", []string{"RSC: 1", "RSC: 1"}, "document"},
		{"GET /about", []string{"RSC: 1", "RSC: x"}, "document"},
		{"GET /about", []string{"RSC: 1", "Next-Router-Prefetch: 9"}, "rsc"},
		{"GET /about", []string{"RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Prefetch: 1"}, "rsc"},
		{"POST /about", []string{"RSC: 1"}, "document"},

		{"POST /about", []string{"Next-Action: 40ab"}, "action"},
		{"POST /about", []string{"Next-Action: 40ab", "RSC: 1"}, "action"},
		{"POST /about", []string{"Content-Type: multipart/form-data; boundary=x"}, "action"},
		{"POST /about", []string{"Content-Type: Multipart/Form-Data; boundary=x"}, "action"},
		{"POST /about", []string{"Content-Type: application/json"}, "document"},
		{"GET /about", []string{"Next-Action: 40ab"}, "document"},

		{"GET /api", nil, "api"},
		{"GET /api/time", nil, "api"},
		{"POST /api/upload", []string{"Content-Type: multipart/form-data; boundary=x"}, "api"},
		{"GET /apis", nil, "document"},
		{"GET /API/time", nil, "document"},

		{"GET /_next/static/chunks/a.js", nil, "static"},
		{"POST /_next/static/chunks/a.js", nil, "static"},
		{"GET /_next/static", nil, "static"},
		{"GET /_next/staticx/a.js", nil, "document"},
		{"GET /_Next/static/a.js", nil, "document"},
		{"GET /%5Fnext/static/a.js", nil, "document"},
		{"GET /_next%2Fstatic/a.js", nil, "document"},
		{"GET /_next/image", nil, "image"},
		{"GET /_next/image/", nil, "image"},
		{"GET /_next/data/BUILD/index.json", nil, "data"},
		{"GET /_next/data/BUILD/index.json", []string{"RSC: 1"}, "data"},
		{"GET /_next/other", nil, "document"},
		{"GET /_next", nil, "document"},

		{"GET /_next/hmr", nil, "dev"},
		{"GET /_next/webpack-hmr", nil, "dev"},
		{"GET /__nextjs_original-stack-frames", nil, "dev"},
		{"GET /_next/hmr", []string{"Connection: Upgrade", "Upgrade: websocket"}, "upgrade"},
		{"GET /ws", []string{"Connection: keep-alive, upgrade", "Upgrade: websocket"}, "upgrade"},
		{"GET /ws", []string{"Upgrade: websocket"}, "document"},
		{"GET /ws", []string{"Connection: upgrade"}, "document"},
		{"GET /ws", []string{"Connection: upgrade", "Upgrade: h2c"}, "document"},
		{"CONNECT /ws", []string{":protocol: websocket"}, "upgrade"},
		{"CONNECT /ws", nil, "refused"},
	} {
		kind := KindOf(request(c.line, c.headers...), Match{Path: strings.SplitN(c.line, " ", 2)[1], Target: rules.Target{AsWritten: true}})
		assert.Equal(t, c.want, kind.String(), "%s %v", c.line, c.headers)
	}
}

func TestKindOfPathsWrittenInAnotherWayIsDocument(t *testing.T) {
	assert.Equal(t, KindDocument, KindOf(request("GET /x"), Match{Path: "/_next/static/a.js"}))
	assert.Equal(t, KindDocument, KindOf(request("GET /x", "RSC: 1"), Match{Path: "/"}))
	assert.Equal(t, KindUpgrade, KindOf(request("GET /x", "Connection: upgrade", "Upgrade: websocket"), Match{Path: "/"}))
}

func FuzzKindOf(f *testing.F) {
	f.Add("GET", "/_next/static/a", "RSC", "1", true)
	f.Add("POST", "/", "Next-Action", "x", false)
	f.Add("CONNECT", "*", "Upgrade", "websocket", true)
	f.Fuzz(func(t *testing.T, method, path, name, value string, asWritten bool) {
		r := request("GET /", name+": "+value)
		r.Method = method
		kind := KindOf(r, Match{Path: path, Target: rules.Target{AsWritten: asWritten}})
		require.Less(t, int(kind), Kinds)
		require.NotEmpty(t, kind.String())
		if kind == KindStatic {
			require.True(t, asWritten && strings.HasPrefix(path, "/_next/static"), path)
		}
	})
}
