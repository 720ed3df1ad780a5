//go:build e2e

package dev_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// devSite is an edge before dev servers, and the origins that it is reached by.
type devSite struct {
	*harness.Edge
	port int // of the names below, over TLS

	plain, localhost, named string
}

// foreignName is a name that no dev server takes for its own.
const foreignName = "island.test"

func startDevSite(t testing.TB, more string, apps ...*devApp) *devSite {
	t.Helper()
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	zones := more
	for _, a := range apps {
		zones += a.caddyfile()
	}
	e := harness.StartEdge(t, nil, harness.Setup{
		Zones: zones,
		Sites: fmt.Sprintf("https://app.localhost:%d, https://%s:%d {\n\timport site\n}\n", port, foreignName, port),
	})
	return &devSite{
		Edge: e, port: port, plain: e.URL(""),
		localhost: fmt.Sprintf("https://app.localhost:%d", port), named: fmt.Sprintf("https://%s:%d", foreignName, port),
	}
}

// devWindow is a window on the page that is edited.
type devWindow struct {
	*harness.Window
	app     *devApp
	sockets *socketLog
}

// openDevWindow opens the page of an application, and waits until its script and its HMR socket live.
func (s *devSite) openDevWindow(t testing.TB, a *devApp, origin string) *devWindow {
	t.Helper()
	w := &devWindow{app: a, sockets: newSocketLog()}
	w.Window = harness.OpenWindowAt(t, s.Edge, origin, a.page, w.sockets.note)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sockets of %s%s: %+v", origin, a.page, w.sockets.all())
		}
	})
	w.waitForLife(t)
	return w
}

func (w *devWindow) waitForLife(t testing.TB) {
	t.Helper()
	w.WaitFor(t, `Object.keys(document.querySelector("#client") ?? {}).some(key => key.startsWith("__reactProps"))`)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		open := w.sockets.open(w.app.hmr)
		return len(open) == 1 && open[0].received > 0
	}, "an HMR socket at %s, accepted with 101 and used", w.app.hmr)
}

func (w *devWindow) waitForText(t testing.TB, selector, text string) {
	t.Helper()
	w.WaitFor(t, `document.querySelector(`+harness.Quoted(selector)+`)?.textContent === `+harness.Quoted(text))
}

// upgradeFrom asks for a WebSocket by the foreign name, as a page of an origin does.
func (s *devSite) upgradeFrom(t testing.TB, path, origin string) (status int) {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: edgetest.Patience}, "tcp", fmt.Sprintf("localhost:%d", s.port),
		&tls.Config{InsecureSkipVerify: true, ServerName: foreignName})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
	_, err = io.WriteString(conn, fmt.Sprintf("GET %s?id=probe HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\n\r\n", path, foreignName, s.port, origin))
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_ = res.Body.Close()
	return res.StatusCode
}

// devLogLine is a line of the access log.
type devLogLine struct {
	Zone    string `json:"zone"`
	Kind    string `json:"kind"`
	Status  int    `json:"status"`
	Request struct {
		URI     string              `json:"uri"`
		Headers map[string][]string `json:"headers"`
	} `json:"request"`
}

func (s *devSite) logLines(t testing.TB) (lines []devLogLine) {
	t.Helper()
	text, err := os.ReadFile(s.AccessLog())
	require.NoError(t, err)
	for _, one := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var line devLogLine
		// The last line may be half written.
		if json.Unmarshal([]byte(one), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *devSite) logged(t testing.TB, is func(devLogLine) bool) bool {
	t.Helper()
	for _, line := range s.logLines(t) {
		if is(line) {
			return true
		}
	}
	return false
}
