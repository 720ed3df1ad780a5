package caddymodule

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Who stops the edge while a deploy waits is told so, and the deploy goes on when it is started again.
func TestADeployThatWaitsGoesOnAfterAStop(t *testing.T) {
	application := edgetest.NewRestartable(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("new")) }))
	application.Stop()
	directives := "nextjs {\n zone / shop " + nextApplication(t, "old", "") + "\n}"
	e := newDeployedEdge(t, directives)
	answers := e.deployLater("42", fmt.Sprintf(`{"upstreams": [%q]}`, application.Address))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return running.app().fleet.State().Rollouts["shop"] != nil }, "it has begun")
	e.load("respond ok")
	assert.Equal(t, ordered{http.StatusServiceUnavailable, "the edge stops: the deploy goes on when it is started again"},
		edgetest.Receive(t, answers, "the deploy is answered"))

	e.load(directives)
	assert.Equal(t, "old", e.Ask(t, http.MethodGet, "/").Text)
	application.Start()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return e.Ask(t, http.MethodGet, "/").Text == "new" }, "it goes on")
}
