package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// toldEvents are those that Caddy has told toldHandler.
var toldEvents = make(chan caddy.Event, 64)

// toldHandler is a module of the tests that subscribes to events.
type toldHandler struct{}

func init() { caddy.RegisterModule(toldHandler{}) }

// CaddyModule returns the Caddy module information.
func (toldHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.of_tests", New: func() caddy.Module { return new(toldHandler) }}
}

// UnmarshalCaddyfile implements caddyfile.Unmarshaler.
func (toldHandler) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

// Handle implements caddyevents.Handler.
func (toldHandler) Handle(_ context.Context, event caddy.Event) error {
	toldEvents <- event
	return nil
}

// What becomes of an upstream is told to who subscribes to Caddy's events, and counted.
func TestEventsOfUpstreams(t *testing.T) {
	away := edgetest.NewRestartable(t, nil)
	var subscriptions strings.Builder
	for _, event := range []string{"unhealthy", "panic", "recovered", "drained", "ejected", "paused", "resumed"} {
		fmt.Fprintf(&subscriptions, "on %s of_tests\n", event)
	}
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / told %s {\n queue off\n }\n}", away.Address), "events {\n"+subscriptions.String()+"}")
	counted := func(event string) float64 { return metric(t, "upstream_events_total", "told", event) }
	before := counted("panic")
	requireTold := func(names ...string) {
		for _, name := range names {
			event := edgetest.Receive(t, toldEvents, name)
			assert.Equal(t, name, event.Name())
			assert.Equal(t, []any{"told", away.Address}, []any{event.Data["zone"], event.Data["upstream"]})
		}
	}
	away.Stop()
	require.Equal(t, http.StatusBadGateway, e.Ask(t, http.MethodGet, "/").StatusCode)
	requireTold("unhealthy", "panic")
	away.Start()
	requireTold("recovered")
	_, err := running.app().fleet.Do(deploy.Drain{Address: away.Address})
	require.NoError(t, err)
	requireTold("drained", "panic")
	assert.InDelta(t, before+2, counted("panic"), 0)
	_, err = running.app().fleet.Do(deploy.Undrain{Address: away.Address})
	require.NoError(t, err)
	requireTold("recovered")

	resumed := counted("resumed")
	until := time.Now().Add(time.Minute)
	_, err = running.app().fleet.Do(deploy.Pause{Name: "told", Until: until})
	require.NoError(t, err)
	event := edgetest.Receive(t, toldEvents, "paused")
	assert.Equal(t, "paused", event.Name())
	assert.Equal(t, map[string]any{"zone": "told", "until": until}, event.Data)
	_, err = running.app().fleet.Do(deploy.Resume{Name: "told"})
	require.NoError(t, err)
	event = edgetest.Receive(t, toldEvents, "resumed")
	assert.Equal(t, "resumed", event.Name())
	assert.Equal(t, map[string]any{"zone": "told"}, event.Data)
	assert.InDelta(t, resumed+1, counted("resumed"), 0)
}

// stateOf returns what an upstream is fit for in the only zone that has it.
func stateOf(address string) deploy.Health {
	for _, zone := range running.app().fleet.State().Zones {
		if member := zone.Find(address); member != nil {
			return member.State
		}
	}
	return deploy.HealthStates
}

func TestAnUpstreamThatIsBackGetsRequestsAgain(t *testing.T) {
	var served atomic.Int64
	away := edgetest.NewRestartable(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s {\n slow_start off\n}", away.Address, edgetest.Named(t, "other")))
	away.Stop()
	ask := func() bool {
		require.Equal(t, http.StatusOK, e.Ask(t, http.MethodGet, "/").StatusCode, "the other one answers")
		return stateOf(away.Address) == deploy.Unhealthy
	}
	edgetest.Eventually(t, edgetest.Patience, ask, "it is out of rotation")
	away.Start()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(away.Address) == deploy.Healthy }, "it is back")
	before := served.Load()
	for range 4 {
		ask()
	}
	assert.Greater(t, served.Load(), before)
}

// Who breaks off an upload must not take an upstream out of rotation, and neither must upgrades that Next.js ends.
func TestClientsCannotEjectAnUpstream(t *testing.T) {
	answer := func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}
	one, other := edgetest.Upstream(t, answer), edgetest.Upstream(t, answer)
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s", one, other))
	for range 10 {
		breakOff(t, e, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome")
		breakOff(t, e, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		upgrade := e.Ask(t, http.MethodGet, "/", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
			"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		require.Equal(t, http.StatusBadGateway, upgrade.StatusCode)
	}
	require.Never(t, func() bool { return stateOf(one) != deploy.Healthy || stateOf(other) != deploy.Healthy },
		300*time.Millisecond, 50*time.Millisecond)
}

// One that ends connections before it answers is out of rotation, and what does not come from it is no loss.
func TestAnUpstreamThatEndsConnectionsIsEjected(t *testing.T) {
	bad := edgetest.Upstream(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s", bad, edgetest.Named(t, "good")))
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		e.Ask(t, http.MethodGet, "/")
		return stateOf(bad) == deploy.Ejected
	}, "it is ejected")
	for range 5 {
		assert.Equal(t, "good", e.Ask(t, http.MethodGet, "/").Text)
	}
}

// Upstreams are asked as a visitor would: an application that redirects others is fit.
func TestHealthIsAskedAsAVisitorWould(t *testing.T) {
	asked := make(chan *http.Request, 1)
	app := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/health" {
			return
		}
		if r.Host != "shop.example.com" {
			w.WriteHeader(http.StatusMisdirectedRequest)
			return
		}
		select {
		case asked <- r:
		default:
		}
	})
	edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n host *.example.com shop.example.com\n health /api/health {\n interval 50ms\n }\n }\n}", app))
	r := edgetest.Receive(t, asked, "it is asked")
	assert.Contains(t, []string{"http", "https"}, r.Header.Get("X-Forwarded-Proto"))
	assert.Equal(t, "shop.example.com", r.Header.Get("X-Forwarded-Host"))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(app) == deploy.Healthy }, "it is fit")
}

// The site's own host and scheme are found in what surrounds the handler.
func TestTheAddressOfASite(t *testing.T) {
	port := edgetest.FreePort(t)
	config, err := edgetest.Adapt(fmt.Sprintf("{\n admin off\n persist_config off\n}\nhttp://*.example.com:%[1]s, http://www.example.com:%[1]s {\n handle {\n nextjs %[2]s\n }\n}\nhttp://other.example.com:%[1]s {\n route /a/* {\n nextjs %[2]s\n }\n}", port, edgetest.Named(t, "x")))
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	var found []string
	for _, h := range running.app().handlers {
		host, scheme := addressOf(running.app().http, h)
		found = append(found, scheme+"://"+host)
	}
	assert.ElementsMatch(t, []string{"http://www.example.com", "http://other.example.com"}, found)
}

// breakOff sends a part of a request and leaves.
func breakOff(t *testing.T, e *edgetest.Edge, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", "localhost:"+e.Port)
	require.NoError(t, err)
	_, err = conn.Write([]byte(request))
	require.NoError(t, err)
	time.Sleep(5 * time.Millisecond)
	require.NoError(t, conn.Close())
}

// A secret that the environment does not have is no secret: edges would not agree on it.
func TestAStickySecretMustBeThere(t *testing.T) {
	e := edgetest.New(t)
	err := e.Load(t, "nextjs "+edgetest.Named(t, "x")+" {\n sticky cookie {env.CADDY_NEXTJS_TEST_NOT_SET}\n}")
	require.ErrorContains(t, err, "sticky: the secret:")
}

// What fails is counted of each upstream, and one that is gone has no series any more.
func TestFailuresOfUpstreamsAreCounted(t *testing.T) {
	bad := edgetest.NewRestartable(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reset" {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / failing %s {\n queue off\n }\n}", bad.Address))
	counted := func(kind string) float64 { return metric(t, "upstream_failures_total", "failing", bad.Address, kind) }
	e.Ask(t, http.MethodGet, "/")
	e.Ask(t, http.MethodPost, "/reset")
	bad.Stop()
	e.Ask(t, http.MethodGet, "/")
	assert.InDelta(t, 1, counted("error"), 0)
	assert.InDelta(t, 1, counted("reset"), 0)
	assert.InDelta(t, 2, counted("dial"), 0, "it is tried once more")
	other := edgetest.Named(t, "other")
	require.NoError(t, e.Load(t, fmt.Sprintf("nextjs {\n zone / failing %s\n}", other)))
	edgetest.AfterReload(t, func() bool { return counted("dial") == 0 })
	assert.InDelta(t, 1, metric(t, "upstream_state", "failing", other, "healthy"), 0)
}

// One whose certificate is not trusted is passed over, and not called unhealthy and well again in turn: questions do not
// look at certificates.
func TestAnUpstreamWithAWrongCertificateIsEjected(t *testing.T) {
	bad := edgetest.UntrustedTLSUpstream(t, func(http.ResponseWriter, *http.Request) {})
	good := edgetest.TrustedTLSUpstream(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s", bad, good))
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		require.Equal(t, "good", e.Ask(t, http.MethodGet, "/").Text)
		return stateOf(bad) == deploy.Ejected
	}, "it is ejected")
}

// The answer to a drain waits until nothing is in flight, and no longer than it was told to.
func TestADrainMayWait(t *testing.T) {
	address, arrived, open := gated(t)
	e := edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n }\n}\nnextjs %s %s",
		edgetest.File(t, "token"), address, edgetest.Named(t, "other")), edgetest.State(t.TempDir()))
	client, base := e.Client(t, edgetest.H1)
	drain := func(wait string) (answer report.Drained) {
		res := edgetest.Post(t, client, base+"/_edge/v1/drain", "application/json",
			fmt.Sprintf(`{"upstream": %q, "wait": %q}`, address, wait), "Authorization", "Bearer token")
		require.Equal(t, http.StatusOK, res.StatusCode, res.Text)
		require.NoError(t, json.Unmarshal([]byte(res.Text), &answer))
		return answer
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2 { // one of them is for this upstream
			edgetest.Get(t, client, base+"/wait")
		}
	}()
	edgetest.Receive(t, arrived, "it is busy")
	answer := drain("200ms")
	assert.EqualValues(t, 1, answer.InFlight)
	assert.Equal(t, "draining", answer.State)
	time.AfterFunc(100*time.Millisecond, open)
	assert.Zero(t, drain("20s").InFlight)
	edgetest.Receive(t, done, "all are answered")
	res := edgetest.Post(t, client, base+"/_edge/v1/drain", "application/json", fmt.Sprintf(`{"upstream": %q, "wait": "soon"}`, address), "Authorization", "Bearer token")
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	assert.Contains(t, res.Text, "wait takes a duration")
}
