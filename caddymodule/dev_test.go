package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestADevServerSeesItsOwnOriginAndTheIDsOfItsRequests(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.Header.Get("Origin"), r.Header.Get("X-Nextjs-Request-Id"))
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone /blog %s {\n dev\n }\n zone /shop %s\n}", address, address))
	for _, front := range edgetest.Protocols {
		client, base := e.Client(t, front)
		for _, c := range []struct{ path, origin, want string }{
			{"/blog/_next/hmr", base, "http://localhost 7"},
			{"/blog/__nextjs_font/a.woff2", base, "http://localhost 7"},
			{"/blog/_next/hmr", "https://evil.example", "https://evil.example 7"},
			{"/blog/a", base, base + " 7"},
			{"/shop/_next/hmr", base, base + " "},
		} {
			req, err := http.NewRequest(http.MethodGet, base+c.path, nil)
			require.NoError(t, err)
			req.Header.Set("Origin", c.origin)
			req.Header.Set("X-Nextjs-Request-Id", "7")
			res, err := client.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(body), "%s from %s over %s", c.path, c.origin, front)
		}
	}
}

// reviving answers at an address where nobody has listened yet.
func reviving(t *testing.T, address string, handler http.HandlerFunc) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
}

func TestRequestsWaitForADevServerThatIsStartedAgain(t *testing.T) {
	address := "localhost:" + edgetest.FreePort(t)
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / patient %s {\n dev\n }\n zone /shop hasty %s {\n queue off\n }\n}", address,
		address))
	res, err := http.Get(e.URL("/shop"))
	require.NoError(t, err)
	_ = res.Body.Close()
	require.Equal(t, http.StatusBadGateway, res.StatusCode, "a zone without a queue waits for nobody")

	failures := func() float64 { return metric(t, "upstream_dial_failures_total", "patient") }
	before := failures()
	body := strings.Repeat("upload ", 100_000)
	type outcome struct {
		status int
		text   string
	}
	answers := make(chan outcome, 2)
	go func() {
		res, err := http.Post(e.URL("/a"), "text/plain", strings.NewReader(body))
		if err != nil {
			answers <- outcome{text: err.Error()}
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		answers <- outcome{res.StatusCode, string(text)}
	}()
	go func() {
		conn, err := net.Dial("tcp", "localhost:"+e.Port)
		if err != nil {
			answers <- outcome{text: err.Error()}
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "GET /_next/hmr HTTP/1.1\r\nHost: localhost:%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", e.Port)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			answers <- outcome{text: err.Error()}
			return
		}
		_ = res.Body.Close()
		answers <- outcome{res.StatusCode, "upgraded"}
	}()
	edgetest.AfterReload(t, func() bool { return failures() >= before+2 })

	var asked atomic.Int64
	reviving(t, address, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == deploy.AnyAnswer.Path {
			return // the edge asks whether it is back
		}
		asked.Add(1)
		if r.Header.Get("Upgrade") != "" {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				_ = conn.Close()
			}
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	found := []outcome{<-answers, <-answers}
	assert.ElementsMatch(t, []outcome{{http.StatusOK, body}, {http.StatusSwitchingProtocols, "upgraded"}}, found)
	assert.EqualValues(t, 2, asked.Load(), "nothing is sent twice")
}

func TestDevIsCheckedWithoutTheDirective(t *testing.T) {
	for _, c := range []struct {
		zone ZoneConfig
		want error
	}{
		{ZoneConfig{Dev: true, Build: ".next", Upstreams: []string{"a:1"}}, errDevWithBuild},
		{ZoneConfig{Dev: true, Upstreams: []string{"a:1", "b:1"}}, errDevUpstreams},
		{ZoneConfig{Dev: true, Upstreams: []string{"a:1"}}, nil},
		{ZoneConfig{Build: ".next", Upstreams: []string{"a:1", "b:1"}}, nil},
	} {
		assert.ErrorIs(t, c.zone.checkDev(), c.want)
	}
}
