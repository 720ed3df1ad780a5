package caddymodule

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// largeSite starts an upstream with an event stream for each HTTP version at /events?<version>, whose events are sent
// on request, and writes a build. It returns what nextjs says, and the upstream's address.
func largeSite(t *testing.T) (directive, address string, events map[string]chan string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		App: map[string]string{"/kept/page": "/kept", "/new/page": "/new", "/events/route": "/events"},
		Files: map[string]string{
			"../public/a.txt": "public", "static/chunks/a.js": "script", "../public/a.svg": "<svg/>",
		},
	})
	events = map[string]chan string{}
	for _, front := range edgetest.Protocols {
		events[front] = make(chan string)
	}
	address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/events" {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Cache-Control", "s-maxage=31536000")
			w.Header().Set("X-Nextjs-Cache", "HIT")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "page "+r.URL.Path)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for {
			select {
			case text := <-events[r.URL.RawQuery]:
				_, _ = fmt.Fprintf(w, "data: %s\n\n", text)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	return fmt.Sprintf("nextjs {\n zone large / %s {\n build %s\n }\n}", address, dir), address, events
}

// A head that Node.js would refuse is refused by the edge, whoever would answer the request, and all else on the
// connection goes on.
func TestALargeHeadIsRefusedOnItsStreamAlone(t *testing.T) {
	directive, _, events := largeSite(t)
	e := edgetest.Serve(t, directive)
	refused := func() float64 { return metric(t, "headers_too_large_total", "large") }
	for _, front := range edgetest.Protocols {
		t.Run(front, func(t *testing.T) {
			client, base := e.Client(t, front)
			ctx, cancel := context.WithTimeout(t.Context(), 2*edgetest.Patience)
			defer cancel()
			var connections []net.Conn
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
				connections = append(connections, got.Conn)
			}})
			ask := func(method, path, cookie string) *http.Response {
				req, err := http.NewRequestWithContext(ctx, method, base+path, nil)
				require.NoError(t, err)
				if cookie != "" {
					req.Header.Set("Cookie", cookie)
				}
				res, err := client.Do(req)
				require.NoError(t, err, "%s %s", method, path)
				return res
			}
			read := func(res *http.Response) string {
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				return string(body)
			}
			stream := ask(http.MethodGet, "/events?"+front, "")
			defer stream.Body.Close()
			lines := bufio.NewScanner(stream.Body)
			hear := func(text string) {
				select {
				case events[front] <- text:
				case <-ctx.Done():
					t.Fatal("the event stream has ended")
				}
				require.True(t, lines.Scan(), "%v", lines.Err())
				assert.Equal(t, "data: "+text, lines.Text())
				require.True(t, lines.Scan())
			}
			hear("before")
			for _, path := range []string{"/kept", "/kept"} {
				require.Equal(t, "page /kept", read(ask(http.MethodGet, path, "")))
			}
			hit := ask(http.MethodGet, "/kept", "")
			read(hit)
			require.Contains(t, hit.Header.Get("Cache-Status"), "; hit")

			cookies := map[string]string{
				"one": "a=" + strings.Repeat("x", 20_000), "many": strings.Repeat("name=0123456789abcdef; ", 870) + "a=b",
			}
			for name, cookie := range cookies {
				for _, path := range []string{
					"/_next/static/chunks/a.js", "/a.txt", "/_next/image?url=%2Fa.png&w=640&q=75", "/kept", "/new", "/events", "/nowhere",
					"/a/../a", "/about.rsc",
				} {
					for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
						before := refused()
						res := ask(method, path, cookie)
						body := read(res)
						assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode, "%s %s %s", name, method, path)
						assert.Equal(t, []string{"private, no-store"}, res.Header["Cache-Control"], "%s %s", method, path)
						assert.InDelta(t, before+1, refused(), 0, "%s %s", method, path)
						assert.False(t, res.Close, "%s %s", method, path)
						if method != http.MethodHead {
							assert.Equal(t, "Request header fields too large\n", body, "%s %s", method, path)
						}
					}
				}
			}
			hear("after")
			if front == edgetest.H2 { // an HTTP/1.1 client has one more, and quic-go traces none
				for _, connection := range connections {
					require.Same(t, connections[0], connection)
				}
			}
		})
	}
}

// Whatever order Caddy starts its apps in, and whatever configuration came before.
func TestServersTakeLargeHeadsAfterEachLoad(t *testing.T) {
	directive, address, _ := largeSite(t)
	e := edgetest.Serve(t, directive)
	cookie := strings.Repeat("x", 20_000)
	for i := range 6 {
		for _, front := range edgetest.Protocols {
			client, base := e.Client(t, front)
			req, err := http.NewRequest(http.MethodGet, base+"/a.txt", nil)
			require.NoError(t, err)
			req.Header.Set("Cookie", cookie)
			edgetest.AfterReload(t, func() bool {
				res, err := client.Do(req)
				return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusRequestHeaderFieldsTooLarge
			})
		}
		require.NoError(t, e.Load(t, directive+fmt.Sprintf("\nheader X-Load %d", i)))
	}
	// A larger site beside it, with an own limit. What it lets pass the other one still refuses.
	large := fmt.Sprintf("handle /large/* {\n nextjs {\n zone more /large %s\n max_header_size 128KiB\n }\n}\nhandle {\n %s\n}", address, directive)
	require.NoError(t, e.Load(t, large))
	cookie = strings.Repeat("x", 100_000)
	for _, front := range edgetest.Protocols {
		client, base := e.Client(t, front)
		for path, want := range map[string]int{"/large/a": http.StatusOK, "/new": http.StatusRequestHeaderFieldsTooLarge} {
			req, err := http.NewRequest(http.MethodGet, base+path, nil)
			require.NoError(t, err)
			req.Header.Set("Cookie", cookie)
			res, err := client.Do(req)
			require.NoError(t, err, "%s %s", front, path)
			_, _ = io.Copy(io.Discard, res.Body)
			assert.Equal(t, want, res.StatusCode, "%s %s", front, path)
		}
	}
}

// Only the default of Caddy is raised.
func TestLimitsOfServers(t *testing.T) {
	for name, c := range map[string]struct {
		words, globals string
		want           int
	}{
		"default":                  {"", "", 64 << 10},
		"a smaller site":           {"max_header_size 4KiB", "", 64 << 10},
		"a larger site":            {"max_header_size 64KiB", "", 112 << 10},
		"Caddy's default, written": {"", "servers {\n max_header_size 16KiB\n}", 64 << 10},
		"a smaller server":         {"", "servers {\n max_header_size 8KiB\n}", 8 << 10},
		"a larger server":          {"", "servers {\n max_header_size 1MiB\n}", 1 << 20},
		"a server with less":       {"max_header_size 64KiB", "servers {\n max_header_size 32KiB\n}", 32 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n %s\n}", edgetest.Named(t, "x"), c.words), c.globals)
			app, err := caddy.ActiveContext().App("http")
			require.NoError(t, err)
			for server, settings := range app.(*caddyhttp.App).Servers {
				assert.Equal(t, c.want, settings.MaxHeaderBytes, server)
			}
		})
	}
}

// A server that takes less than its site is what somebody has written, and wrong.
func TestAServerThatTakesLessThanItsSiteIsWarnedOf(t *testing.T) {
	for name, c := range map[string]struct {
		server, site int
		warned       bool
	}{
		"default": {16 << 10, 64 << 10, false},
		"larger":  {100 << 10, 64 << 10, false},
		"equal":   {64 << 10, 64 << 10, true},
		"smaller": {32 << 10, 64 << 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.WarnLevel)
			edge.HeadLimits{}.Raise(&caddyhttp.Server{MaxHeaderBytes: c.server}, c.site, zap.New(core))
			assert.Equal(t, c.warned, logs.Len() == 1)
			for _, entry := range logs.All() {
				assert.Equal(t, map[string]any{"server_max_header_size": int64(c.server), "nextjs_max_header_size": int64(c.site)}, entry.ContextMap())
			}
		})
	}
}

// max_header_size of a transport, as configurations have had it, holds for the handler before it.
func TestHeaderSizeOfATransport(t *testing.T) {
	for name, c := range map[string]struct {
		handler, transport string
		head               int
		want               int
	}{
		"neither says":         {"", "", 20_000, http.StatusRequestHeaderFieldsTooLarge},
		"the transport says":   {"", `, "max_header_size": 65536`, 60_000, http.StatusOK},
		"more than it says":    {"", `, "max_header_size": 65536`, 70_000, http.StatusRequestHeaderFieldsTooLarge},
		"the handler says":     {`, "max_header_size": 65536`, "", 60_000, http.StatusOK},
		"both say, handler":    {`, "max_header_size": 32768`, `, "max_header_size": 65536`, 40_000, http.StatusRequestHeaderFieldsTooLarge},
		"both say, transport":  {`, "max_header_size": 65536`, `, "max_header_size": 32768`, 40_000, http.StatusRequestHeaderFieldsTooLarge},
		"less than what is so": {"", `, "max_header_size": 4096`, 5_000, http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			port := edgetest.FreePort(t)
			config := fmt.Sprintf(`{
				"admin": {"disabled": true, "config": {"persist": false}},
				"apps": {"http": {"servers": {"edge": {"listen": ["127.0.0.1:%s"], "automatic_https": {"disable": true}, "routes": [{"handle": [
					{"handler": "nextjs"%s, "zones": [{"name": "root", "paths": ["/"], "upstreams": [%q]}]},
					{"handler": "reverse_proxy", "dynamic_upstreams": {"source": "nextjs"}, "transport": {"protocol": "nextjs"%s}}
				]}]}}}}}`, port, c.handler, edgetest.Named(t, "root"), c.transport)
			require.NoError(t, caddy.Load([]byte(config), true))
			t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
			e := &edgetest.Edge{Port: port}
			client, base := e.Client(t, edgetest.H1)
			req, err := http.NewRequest(http.MethodGet, base, nil)
			require.NoError(t, err)
			req.Header.Set("Cookie", strings.Repeat("x", c.head))
			res, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, c.want, res.StatusCode)
		})
	}
}

// What the client has sent fits, and what is added to it on the way does not.
func TestAHeadThatGrowsOnTheWayIsRefused(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone grown / %s\n proxy {\n header_up X-Added %s\n }\n}",
		edgetest.Named(t, "x"), strings.Repeat("x", 2000)))
	refused := func() float64 { return metric(t, "headers_too_large_total", "grown") }
	for _, front := range edgetest.Protocols {
		client, base := e.Client(t, front)
		for size, want := range map[int]int{13_000: http.StatusOK, 15_000: http.StatusRequestHeaderFieldsTooLarge} {
			before := refused()
			req, err := http.NewRequest(http.MethodPost, base, strings.NewReader("a body"))
			require.NoError(t, err)
			req.Header.Set("Cookie", strings.Repeat("x", size))
			res, err := client.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, want, res.StatusCode)
			assert.False(t, res.Close)
			if want != http.StatusOK {
				assert.Equal(t, "Request header fields too large\n", string(body))
				assert.Equal(t, []string{"private, no-store"}, res.Header["Cache-Control"])
				assert.InDelta(t, before+1, refused(), 0)
			}
		}
	}
}
