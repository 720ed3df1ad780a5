package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// connectionsAtOnce are so many that, if the kernel chose, each of two sockets would have some.
const connectionsAtOnce = 40

func dialEdges(t *testing.T, e *edgetest.Edge) (conns []*clientConn) {
	t.Helper()
	for range connectionsAtOnce {
		conns = append(conns, dialEdge(t, e))
	}
	return conns
}

// What comes when a configuration is about to stop goes to the next one, however late its first request is.
func TestConnectionsThatComeWhileAConfigurationStopsAreAnswered(t *testing.T) {
	upstream := edgetest.Named(t, "x")
	e := edgetest.Serve(t, namedConfig(upstream, "0"))
	for i := range 2 { // the sockets of the second one have another history
		before, after := fmt.Sprint(i), fmt.Sprint(i+1)
		idle, asking := dialEdge(t, e), dialEdge(t, e)
		idle.requirePost(t, before)
		asking.requirePost(t, before)
		loaded := make(chan error, 1)
		go func() { loaded <- e.Load(t, namedConfig(upstream, after)) }()
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			res, err := asking.post()
			return err != nil || res.Close
		}, "the configuration before is about to stop")

		silent := dialEdges(t, e)
		require.NoError(t, edgetest.Receive(t, loaded, "the end of the reload"))
		idle.waitForEnd(t)
		for _, conn := range silent {
			conn.requirePost(t, after)
		}
	}
}

// A configuration that listens already, and fails then, has had no connection.
func TestALoadThatFailsTakesNoConnection(t *testing.T) {
	upstream := edgetest.Named(t, "x")
	e := edgetest.Serve(t, namedConfig(upstream, "first"))
	require.NoError(t, e.Load(t, namedConfig(upstream, "second")))

	// Caddy asks for more of the configuration when all of its apps have started, and the one before serves still.
	var silent []*clientConn
	more := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		silent = dialEdges(t, e)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer more.Close()
	config, err := edgetest.Adapt(fmt.Sprintf("{\n admin off\n persist_config off\n auto_https off\n}\nhttp://localhost:%s {\n %s\n}",
		e.Port, namedConfig(upstream, "failing")))
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(config, &tree))
	tree["admin"].(map[string]any)["config"].(map[string]any)["load"] = map[string]any{"module": "http", "url": more.URL}
	config, err = json.Marshal(tree)
	require.NoError(t, err)
	require.ErrorContains(t, caddy.Load(config, true), "loading dynamic config")

	require.Len(t, silent, connectionsAtOnce)
	for _, conn := range silent {
		conn.requirePost(t, "second")
	}
}
