package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Who waits in vain is told so in a form of use to him, which nobody keeps.
func TestWhoWaitsInVainIsAnsweredInHisForm(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / localhost:%s {\n queue 16 50ms\n }\n}", edgetest.FreePort(t)))
	for _, c := range []struct {
		what, method, path string
		headers            []string
		contentType        string
		refreshes          bool
	}{
		{"a document", http.MethodGet, "/", []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, "text/html; charset=utf-8", true},
		{"a document without Accept", http.MethodGet, "/about", nil, "text/html; charset=utf-8", true},
		{"its head", http.MethodHead, "/about", nil, "text/plain; charset=utf-8", false},
		{"a payload", http.MethodGet, "/about?_rsc=1", []string{"RSC", "1"}, "text/plain; charset=utf-8", false},
		{"an API", http.MethodGet, "/api/a", []string{"Accept", "application/json"}, "application/json", false},
		{"an API that writes", http.MethodPost, "/api/a", []string{"Accept", "application/problem+json"}, "application/json", false},
		{"an action", http.MethodPost, "/about", []string{"Next-Action", strings.Repeat("a", 42), "Accept", "text/x-component"}, "text/plain; charset=utf-8", false},
	} {
		a := e.Ask(t, c.method, c.path, c.headers...)
		assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode, c.what)
		assert.Equal(t, "private, no-store", a.Header.Get("Cache-Control"), c.what)
		assert.Equal(t, "5", a.Header.Get("Retry-After"), c.what)
		assert.Equal(t, c.contentType, a.Header.Get("Content-Type"), c.what)
		assert.Equal(t, c.refreshes, a.Header.Get("Refresh") == "5", c.what)
		if c.method != http.MethodHead {
			assert.Contains(t, a.Text, "does not answer at the moment", c.what)
		}
	}
}

// What a site has for errors comes first; what another site of the server has is not its own.
func TestErrorsOfTheSiteComeFirst(t *testing.T) {
	away := "localhost:" + edgetest.FreePort(t)
	own, other := edgetest.FreePort(t), edgetest.FreePort(t)
	config, err := edgetest.Adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	auto_https off
	shutdown_delay 1ms
	nextjs {
		state %[4]s
	}
}
http://localhost:%[1]s {
	nextjs %[3]s {
		queue 16 50ms
	}
	handle_errors {
		respond "ours: {err.status_code}" 503
	}
}
http://localhost:%[2]s, http://127.0.0.1:%[1]s {
	nextjs %[3]s {
		queue 16 50ms
	}
}`, own, other, away, t.TempDir()))
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	client := edgetest.PlainClient(t)
	a := edgetest.Get(t, client, "http://localhost:"+own+"/")
	assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
	assert.Equal(t, "ours: 503", a.Text)
	assert.Equal(t, "5", a.Header.Get("Retry-After"))
	for _, url := range []string{"http://localhost:" + other, "http://127.0.0.1:" + own} {
		assert.Contains(t, edgetest.Get(t, client, url+"/").Text, "One moment, please", url)
	}
}

// Error pages that are for other errors are none for this one.
func TestErrorPagesForOtherErrorsAreNotMeant(t *testing.T) {
	site := "nextjs localhost:" + edgetest.FreePort(t) + " {\n queue 16 50ms\n}"
	for errorPages, want := range map[string]string{
		"handle_errors 404 {\n respond ours\n}": unavailablePage,
		"handle_errors 5xx {\n respond ours\n}": "ours",
		"handle_errors {\n @gone expression {err.status_code} == 404\n handle @gone {\n respond ours\n }\n}": unavailablePage,
		"handle_errors {\n @down expression {err.status_code} == 503\n handle @down {\n respond ours\n }\n}": "ours",
		"handle_errors 404 {\n respond \"not there\"\n}\nhandle_errors 503 {\n respond ours\n}":              "ours",
	} {
		t.Run(errorPages, func(t *testing.T) {
			a := edgetest.Serve(t, site+"\n"+errorPages, edgetest.State(t.TempDir())).Ask(t, http.MethodGet, "/")
			assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
			assert.Equal(t, want, a.Text)
		})
	}
}

// What the edge asks in the background waits for nobody: it fails, and is asked again.
func TestTheBackgroundDoesNotWait(t *testing.T) {
	away := edgetest.NewRestartable(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=1, stale-while-revalidate=600")
		_, _ = io.WriteString(w, "made")
	}))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / kept %s {\n queue 16 1h\n }\n cache\n}", away.Address),
		edgetest.State(t.TempDir()))
	require.Equal(t, "made", e.Ask(t, http.MethodGet, "/stale").Text)
	away.Stop()
	failed := func() float64 { return metric(t, "upstream_dial_failures_total", "kept") }
	before := failed()
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
		assert.Equal(t, "made", e.Ask(t, http.MethodGet, "/stale").Text)
		return failed() > before+4 // two tries each time
	}, "it is asked again")
	assert.Zero(t, metric(t, "queue_waiting", "kept"))
}

// Those that follow a request which waits have its answer, too: it is sent once.
func TestManyWaitForOneAnswer(t *testing.T) {
	var asked atomic.Int64
	away := edgetest.NewRestartable(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			asked.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		w.Header().Set("Cache-Control", "s-maxage=600")
		_, _ = io.WriteString(w, "made")
	}))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / many %s {\n queue 2 1h\n }\n cache\n}", away.Address), edgetest.State(t.TempDir()))
	away.Stop()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() { assert.Equal(t, "made", e.Ask(t, http.MethodGet, "/page").Text) })
	}
	edgetest.Eventually(t, edgetest.Patience, func() bool { return metric(t, "queue_waiting", "many") == 1 }, "one waits")
	away.Start()
	asking.Wait()
	assert.EqualValues(t, 1, asked.Load())
}

// What will not come right by waiting is not waited for.
func TestAWrongCertificateIsNotWaitedFor(t *testing.T) {
	bad := edgetest.UntrustedTLSUpstream(t, func(http.ResponseWriter, *http.Request) {})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n queue 16 1h\n }\n}", bad))
	assert.Equal(t, http.StatusBadGateway, e.Ask(t, http.MethodGet, "/").StatusCode)
	assert.Equal(t, http.StatusBadGateway, e.Ask(t, http.MethodPost, "/").StatusCode)
}
