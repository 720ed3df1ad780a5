//go:build e2e

package dev_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// devDialog is the dialog of the error overlay.
const devDialog = `[...document.querySelectorAll("nextjs-portal")].map(portal => portal.shadowRoot?.querySelector("[data-nextjs-dialog]")).find(Boolean)`

// One run of the dev servers serves all of these: they take their time to start.
func TestNextDev(t *testing.T) {
	home, blog, shop := startDevApps(t)
	apps := []*devApp{home, blog, shop}
	s := startDevSite(t, "\t\tzone /ws "+harness.EchoServer(t)+"\n", apps...)
	for _, a := range apps {
		t.Run("an edit reaches the page of "+a.zone, func(t *testing.T) { testDevEdits(t, s, a) })
	}
	t.Run("the overlay asks its own dev server", func(t *testing.T) { testDevOverlayZone(t, s, apps) })
	t.Run("a soft navigation loads no document", func(t *testing.T) { testDevNavigation(t, s) })
	t.Run("a page of another site is refused", func(t *testing.T) { testDevForeignOrigins(t, s, apps) })
	t.Run("sockets of the application live beside those of HMR", func(t *testing.T) { testDevSockets(t, s, apps) })
	t.Run("a dev server is started again", func(t *testing.T) { testDevRestart(t, s, home) })
}

// Over plain HTTP, and over TLS by a name that dev servers know and by one that they do not know.
func testDevEdits(t *testing.T, s *devSite, a *devApp) {
	var windows []*devWindow
	documents := map[*devWindow]int{}
	for _, origin := range []string{s.plain, s.localhost, s.named} {
		w := s.openDevWindow(t, a, origin)
		harness.Eval[string](t, w.Window, harness.LeaveMark)
		w.Click(t, "#client")
		w.waitForText(t, "#client", "client one 1")
		documents[w] = w.DocumentCount()
		windows = append(windows, w)
	}

	a.say(t, "server of "+a.zone)
	for _, w := range windows {
		w.waitForText(t, "#server", "server of "+a.zone)
	}
	a.edit(t, a.client, "client one", "client two")
	for _, w := range windows {
		w.waitForText(t, "#client", "client two 1")
		assert.Equal(t, "kept", harness.Eval[string](t, w.Window, `String(window.__marker)`), "the document stays")
		assert.Equal(t, documents[w], w.DocumentCount(), "no document is asked for")
		assert.Empty(t, w.AllTroubles())
	}

	const fault = "if (globalThis.window) throw new Error('the probe has sunk')\n  "
	a.edit(t, a.client, "const [count", fault+"const [count")
	for _, w := range windows {
		w.WaitFor(t, devDialog+`?.textContent.includes("the probe has sunk")`)
		w.WaitFor(t, devDialog+`?.textContent.includes("components/counter.tsx")`)
	}
	a.edit(t, a.client, fault, "")
	for _, w := range windows {
		w.WaitFor(t, `!(`+devDialog+`) && document.querySelector("#client")?.textContent.startsWith("client two")`)
	}
}

// The overlay asks at the root of the site where in the source an error happened, whichever zone it belongs to.
func testDevOverlayZone(t *testing.T, s *devSite, apps []*devApp) {
	for _, a := range apps {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			return s.logged(t, func(line devLogLine) bool {
				return line.Request.URI == "/__nextjs_original-stack-frames" && line.Zone == a.zone && line.Kind == "dev" && line.Status == http.StatusOK
			})
		}, "%s is asked for stack frames", a.zone)
	}
	for _, line := range s.logLines(t) {
		if referer := strings.Join(line.Request.Headers["Referer"], ""); strings.HasPrefix(line.Request.URI, "/__nextjs") {
			assert.True(t, strings.HasSuffix(referer, "/probe") && strings.Contains(referer, "/"+line.Zone+"/") == (line.Zone != "home"),
				"%s of %s went to %s", line.Request.URI, referer, line.Zone)
		}
	}
}

// In 16 the client waits for the debug information of a payload on the HMR socket, which it finds by the id of its
// request.
func testDevNavigation(t *testing.T, s *devSite) {
	for _, test := range []struct{ from, link, to string }{
		{"/visit", `nav.pages a[href="/about"]`, "/about"},
		{"/blog", `nav.pages a[href="/blog/search"]`, "/blog/search"},
		{"/shop", `nav.pages a[href="/shop/basket"]`, "/shop/basket"},
	} {
		w := harness.OpenWindowAt(t, s.Edge, s.named, test.from, func(any) {})
		w.Settle(t)
		title := harness.Eval[string](t, w, harness.TitleText)
		harness.Eval[string](t, w, harness.LeaveMark)
		w.Click(t, test.link)
		w.WaitFor(t, `location.pathname === "`+test.to+`" && `+harness.TitleText+` !== `+harness.Quoted(title))
		assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "the document stays")
		assert.Empty(t, w.AllTroubles())
	}
}

func testDevForeignOrigins(t *testing.T, s *devSite, apps []*devApp) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, Timeout: edgetest.Patience}
	for _, a := range apps {
		for _, test := range []struct {
			origin  string
			allowed bool
		}{
			{"https://" + foreignName + fmt.Sprintf(":%d", s.port), true},
			{"https://evil.test", false},
			{"https://" + foreignName, false},
			{"http://" + foreignName + fmt.Sprintf(":%d", s.port), false},
			{"https://evil." + foreignName + fmt.Sprintf(":%d", s.port), false},
		} {
			status := s.upgradeFrom(t, a.hmr, test.origin)
			assert.Equal(t, test.allowed, status == http.StatusSwitchingProtocols, "%s from %s: %d", a.hmr, test.origin, status)

			path := strings.TrimSuffix(a.page, "/probe") + "/__nextjs_original-stack-frames"
			req := edgetest.Request(t, t.Context(), http.MethodPost, fmt.Sprintf("https://localhost:%d%s", s.port, path),
				strings.NewReader(`{"frames":[],"isServer":false,"isEdgeServer":false,"isAppDirectory":true}`), "Origin", test.origin)
			req.Host = fmt.Sprintf("%s:%d", foreignName, s.port)
			client.Transport.(*http.Transport).TLSClientConfig.ServerName = foreignName
			res, err := client.Do(req)
			require.NoError(t, err)
			_ = res.Body.Close()
			assert.Equal(t, !test.allowed, res.StatusCode == http.StatusForbidden, "%s from %s: %d", path, test.origin, res.StatusCode)
		}
	}
}

// devEcho talks to the application's own socket for as long as the page lives.
const devEcho = `(() => {
	window.__echo = { sent: 0, heard: 0, wrong: 0, closed: 0 }
	const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws")
	const text = n => n + " " + "x".repeat(n * 997 % 30000)
	socket.onmessage = event => event.data === text(++window.__echo.heard) || window.__echo.wrong++
	socket.onclose = socket.onerror = () => window.__echo.closed++
	window.__echoTimer = setInterval(() => socket.readyState === 1 && socket.send(text(++window.__echo.sent)), 50)
})()`

func testDevSockets(t *testing.T, s *devSite, apps []*devApp) {
	windows := make([]*devWindow, len(apps))
	for i, a := range apps {
		windows[i] = s.openDevWindow(t, a, s.named)
		harness.Eval[string](t, windows[i].Window, harness.LeaveMark)
		harness.Eval[bool](t, windows[i].Window, `(`+devEcho+`, true)`)
	}
	end := time.Now().Add(time.Duration(harness.LongOr(3, 300)) * time.Second)
	for round := 1; round <= 2 || time.Now().Before(end); round++ {
		now := fmt.Sprintf("server in round %d", round)
		for _, w := range windows {
			w.app.say(t, now)
		}
		for _, w := range windows {
			w.waitForText(t, "#server", now)
		}
	}
	for _, w := range windows {
		harness.Eval[bool](t, w.Window, `(clearInterval(window.__echoTimer), true)`)
		w.WaitFor(t, `window.__echo.sent > 0 && window.__echo.heard === window.__echo.sent`)
		assert.Equal(t, "0 0", harness.Eval[string](t, w.Window, `window.__echo.wrong + " " + window.__echo.closed`),
			"wrong echoes, closed sockets")
		assert.Equal(t, "kept", harness.Eval[string](t, w.Window, `String(window.__marker)`), "the document stays")
		for _, socket := range w.sockets.all() {
			assert.EqualValues(t, http.StatusSwitchingProtocols, socket.status, socket.path)
			assert.False(t, socket.closed, socket.path)
			assert.Empty(t, socket.errors)
		}
		assert.Len(t, w.sockets.open(w.app.hmr), 1)
		assert.Len(t, w.sockets.open("/ws"), 1)
		assert.Empty(t, w.AllTroubles())
	}
}

// Requests wait for the dev server, and the page goes on.
func testDevRestart(t *testing.T, s *devSite, a *devApp) {
	w := s.openDevWindow(t, a, s.named)
	documents := w.DocumentCount()
	a.stop(t)
	answers := make(chan edgetest.Answer)
	go func() {
		answers <- edgetest.Get(t, edgetest.PlainClient(t), s.URL(a.page))
	}()
	a.start(t)
	assert.Equal(t, http.StatusOK, edgetest.Receive(t, answers, "an answer of the new dev server").StatusCode)

	// The client opens its socket again, and reloads the page when it finds another server behind it.
	edgetest.Eventually(t, edgetest.Patience, func() bool { return w.DocumentCount() > documents },
		"the page is loaded again")
	w.waitForLife(t)
	harness.Eval[string](t, w.Window, harness.LeaveMark)
	a.say(t, "server later")
	w.waitForText(t, "#server", "server later")
	assert.Equal(t, "kept", harness.Eval[string](t, w.Window, `String(window.__marker)`), "the document stays")
}
