package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// A request for another protocol than WebSocket is answered as if it did not ask for it.
func TestDropUpgrade(t *testing.T) {
	h2c := []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"}
	for name, c := range map[string]struct {
		line, proto string // proto "" is HTTP/1.1
		headers     []string
		want        http.Header
		kind        zones.Kind
	}{
		"nothing":    {line: "GET /about", headers: []string{"Accept: */*"}, want: http.Header{"Accept": {"*/*"}}},
		"keep-alive": {line: "GET /about", headers: []string{"Connection: keep-alive"}, want: http.Header{"Connection": {"keep-alive"}}},
		"WebSocket": {
			line: "GET /about", headers: []string{"Connection: keep-alive, Upgrade", "Upgrade: WebSocket"},
			want: http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"WebSocket"}}, kind: zones.KindUpgrade,
		},
		"WebSocket of several": {
			line: "GET /about", headers: []string{"Connection: Upgrade", "Upgrade: h2c, websocket"},
			want: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, kind: zones.KindUpgrade,
		},
		"WebSocket on another line": {
			line: "GET /about", headers: []string{"Connection: close", "Connection: upgrade", "Upgrade: h2c", "Upgrade: websocket"},
			want: http.Header{"Connection": {"close", "upgrade"}, "Upgrade": {"websocket"}}, kind: zones.KindUpgrade,
		},
		"WebSocket with settings of HTTP/2": {
			line: "GET /about", headers: []string{"Connection: upgrade", "Upgrade: websocket", "HTTP2-Settings: x"},
			want: http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"}}, kind: zones.KindUpgrade,
		},
		"no WebSocket by POST":     {line: "POST /about", headers: []string{"Connection: upgrade", "Upgrade: websocket"}, want: http.Header{}},
		"no WebSocket by HEAD":     {line: "HEAD /about", headers: []string{"Connection: upgrade", "Upgrade: websocket"}, want: http.Header{}},
		"no WebSocket by HTTP/1.0": {line: "GET /about", proto: "HTTP/1.0", headers: []string{"Connection: upgrade", "Upgrade: websocket"}, want: http.Header{}},
		"WebSocket of another version": {
			line: "GET /about", headers: []string{"Connection: upgrade", "Upgrade: websocket/13"}, want: http.Header{},
		},
		"h2c":                 {line: "GET /about", headers: h2c, want: http.Header{}},
		"h2c of a payload":    {line: "GET /about", headers: append(h2c, "RSC: 1"), want: http.Header{"Rsc": {"1"}}, kind: zones.KindRSC},
		"h2c of a file":       {line: "GET /_next/static/a.js", headers: h2c, want: http.Header{}, kind: zones.KindStatic},
		"h2c of a picture":    {line: "GET /_next/image", headers: h2c, want: http.Header{}, kind: zones.KindImage},
		"h2c of an action":    {line: "POST /about", headers: append(h2c, "Next-Action: 40ab"), want: http.Header{"Next-Action": {"40ab"}}, kind: zones.KindAction},
		"TLS":                 {line: "OPTIONS /about", headers: []string{"Connection: Upgrade", "Upgrade: TLS/1.0"}, want: http.Header{}},
		"several":             {line: "GET /about", headers: []string{"Connection: Upgrade", "Upgrade: HTTP/2.0, SHTTP/1.3, IRC/6.9"}, want: http.Header{}},
		"an empty name":       {line: "GET /about", headers: []string{"Connection: upgrade", "Upgrade: "}, want: http.Header{}},
		"more connection":     {line: "GET /about", headers: []string{"Connection: close,UPGRADE", "Upgrade: x"}, want: http.Header{"Connection": {"close"}}},
		"not for this hop":    {line: "GET /about", headers: []string{"Upgrade: websocket"}, want: http.Header{}},
		"settings of HTTP/2":  {line: "GET /about", headers: []string{"HTTP2-Settings: x"}, want: http.Header{}},
		"CONNECT of HTTP/2":   {line: "CONNECT /about", headers: []string{":protocol: websocket"}, want: http.Header{":protocol": {"websocket"}}, kind: zones.KindUpgrade},
		"CONNECT of HTTP/3":   {line: "CONNECT /about", proto: "websocket", want: http.Header{}, kind: zones.KindUpgrade},
		"CONNECT":             {line: "CONNECT /about", want: http.Header{}, kind: zones.KindRefused},
		"CONNECT of UDP":      {line: "CONNECT /about", proto: "connect-udp", want: http.Header{}, kind: zones.KindRefused},
		"CONNECT of anything": {line: "CONNECT /about", headers: []string{":protocol: bytestream"}, want: http.Header{":protocol": {"bytestream"}}, kind: zones.KindRefused},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.line, c.headers...)
			switch c.proto {
			case "":
			case "HTTP/1.0":
				r.Proto, r.ProtoMajor, r.ProtoMinor = c.proto, 1, 0
			default:
				r.Proto, r.ProtoMajor, r.ProtoMinor = c.proto, 3, 0
			}
			m := zones.Match{Path: r.URL.Path, Target: rules.Target{AsWritten: true}}
			before := zones.KindOf(r, m)
			DropUpgrade(r)
			assert.Equal(t, c.want, r.Header)
			assert.Equal(t, c.kind, zones.KindOf(r, m))
			assert.Equal(t, c.kind, before, "the kind is what is left of it")
			if c.kind == zones.KindRefused {
				assert.Equal(t, zones.ErrConnect, zones.Refusal(r, m))
			}
		})
	}
}

func TestDropUpgradeAllocatesNothing(t *testing.T) {
	for _, r := range []*http.Request{
		request("GET /about", "Connection: keep-alive", "Accept: text/html"),
		request("GET /ws", "Connection: keep-alive, Upgrade", "Upgrade: websocket"),
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { DropUpgrade(r) }), "%v", r.Header)
	}
}
