package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// nextApplication starts an upstream that answers as an application of a name would whose build has a deployment id ("": it
// has none).
func nextApplication(t *testing.T, name, deploymentID string) string {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Rsc") != "" {
			w.Header().Set("Content-Type", "text/x-component")
			if deploymentID != "" {
				w.Header().Set("X-Nextjs-Deployment-Id", deploymentID)
			}
			_, _ = fmt.Fprintf(w, "0:{\"b\":\"build-%s\"}\n", name)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
		_, _ = io.WriteString(w, name)
	})
}

// deployedEdge is an edge that takes orders about deployments.
type deployedEdge struct {
	*edgetest.Edge
	t     *testing.T
	state string
}

func newDeployedEdge(t *testing.T, directives string) *deployedEdge {
	t.Helper()
	e := &deployedEdge{edgetest.New(t), t, t.TempDir()}
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	e.load(directives)
	return e
}

func (e *deployedEdge) load(directives string) {
	e.t.Helper()
	require.NoError(e.t, e.Load(e.t, directives, edgetest.State(e.state)))
}

// deploy orders a deployment, and returns the status and the error of the answer.
func (e *deployedEdge) deploy(id, order string) (status int, text string) {
	e.t.Helper()
	return e.order(http.MethodPut, report.DeploymentRoute("shop", id), order)
}

// ordered is what an order was answered.
type ordered struct {
	status int
	text   string
}

// deployLater orders a deployment, and does not wait for the answer.
func (e *deployedEdge) deployLater(id, order string) <-chan ordered {
	answers := make(chan ordered, 1)
	go func() {
		status, text := e.deploy(id, order)
		answers <- ordered{status, text}
	}()
	return answers
}

func (e *deployedEdge) order(method, route, order string) (status int, text string) {
	e.t.Helper()
	w, err := askAdmin(e.t, report.AdminPath(route), method, order)
	if refused := (caddy.APIError{}); asAPIError(err, &refused) {
		return refused.HTTPStatus, refused.Message
	}
	require.NoError(e.t, err)
	return w.Code, w.Body.String()
}

func asAPIError(err error, into *caddy.APIError) bool {
	refused, ok := err.(caddy.APIError) //nolint:errorlint // handlers return it as it is
	*into = refused
	return ok
}

// document asks for a document, and returns what has answered.
func (e *deployedEdge) document(headers ...string) string {
	e.t.Helper()
	return e.Ask(e.t, http.MethodGet, "/page", headers...).Text
}

func (e *deployedEdge) payload(headers ...string) edgetest.Answer {
	e.t.Helper()
	return e.Ask(e.t, http.MethodGet, "/page?_rsc=1", append([]string{"Rsc", "1"}, headers...)...)
}

func (e *deployedEdge) states() map[string]string {
	e.t.Helper()
	status, text := e.order(http.MethodGet, report.StatusRoute, "")
	require.Equal(e.t, http.StatusOK, status, text)
	var answer report.Status
	require.NoError(e.t, json.Unmarshal([]byte(text), &answer))
	states := map[string]string{}
	for _, one := range answer.Zones[0].Deployments {
		states[one.ID] = one.State
		if one.State == "" && one.Live { // nothing was deployed
			states[one.ID] = "live"
		}
	}
	return states
}

// Documents go to the live deployment, and what belongs to a document follows it.
func TestDeploymentsSideBySide(t *testing.T) {
	first, second, third := nextApplication(t, "first", "d1"), nextApplication(t, "second", "d2"), nextApplication(t, "third", "d3")
	site := "nextjs {\n zone / shop " + first + "\n}"
	e := newDeployedEdge(t, site)
	assert.Equal(t, "first", e.document())

	status, text := e.deploy("-", `{"upstreams": ["`+second+`"]}`)
	require.Equal(t, http.StatusOK, status, text)
	var deployed report.Deployed
	require.NoError(t, json.Unmarshal([]byte(text), &deployed))
	assert.Equal(t, "d2", deployed.ID, "what Next.js says")
	assert.Equal(t, "live", deployed.State)
	assert.Equal(t, "config", deployed.Before)
	assert.True(t, deployed.Durable)
	assert.Equal(t, map[string]string{"config": "draining", "d2": "live"}, e.states())
	assert.Equal(t, "second", e.document())
	old := e.payload("X-Deployment-Id", "d1")
	assert.Contains(t, old.Text, "build-first")
	assert.Equal(t, "private, no-store", old.Header.Get("Cache-Control"))
	assert.Contains(t, e.payload("X-Deployment-Id", "d2").Text, "build-second")
	assert.Contains(t, e.payload("X-Deployment-Id", "d0").Text, "build-second", "unknown: live")

	status, text = e.deploy("d2", `{"upstreams": ["`+second+`"]}`)
	assert.Equal(t, http.StatusOK, status, "the same again: %s", text)
	status, text = e.deploy("d2", `{"upstreams": ["`+third+`"]}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "other upstreams")

	status, text = e.deploy("d3", `{"upstreams": ["`+third+`"]}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, "third", e.document())
	assert.Contains(t, e.payload("X-Deployment-Id", "d1").Text, "build-first", "the one before the last, too")

	status, text = e.order(http.MethodPost, report.RollbackRoute, `{"zone": "shop"}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, "second", e.document())
	assert.Contains(t, e.payload("X-Deployment-Id", "d3").Text, "build-third")

	e.load(site + "\n# reloaded")
	assert.Equal(t, "second", e.document(), "after a reload")
	require.NoError(t, caddy.Stop())
	e.load(site)
	assert.Equal(t, "second", e.document(), "after a restart")
	assert.Contains(t, e.payload("X-Deployment-Id", "d1").Text, "build-first")

	status, text = e.order(http.MethodPost, report.RetireRoute, `{"zone": "shop", "deployment": "config", "now": true}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Contains(t, e.payload("X-Deployment-Id", "d1").Text, "build-second", "nothing goes to it")
	status, text = e.order(http.MethodPost, report.RetireRoute, `{"zone": "shop", "deployment": "d2"}`)
	assert.Equal(t, http.StatusConflict, status, text)
	status, text = e.order(http.MethodPost, report.ForgetRoute, `{"zone": "shop", "deployment": "d2"}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, "first", e.document(), "the configuration's is live again")
	status, text = e.order(http.MethodPost, report.ForgetRoute, `{"zone": "shop", "deployment": "d3"}`)
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, map[string]string{"config": "live"}, e.states())
}

// What does not become healthy changes nothing.
func TestADeployThatFails(t *testing.T) {
	first := nextApplication(t, "first", "")
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+first+"\n}")
	failing := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	for name, order := range map[string]struct {
		id, body string
		status   int
		says     string
	}{
		"nobody is there":   {"x", `{"upstreams": ["127.0.0.1:1"], "timeout": "300ms"}`, http.StatusUnprocessableEntity, "127.0.0.1:1: "},
		"it fails":          {"x", `{"upstreams": ["` + failing + `"], "timeout": "300ms"}`, http.StatusUnprocessableEntity, "it answers with 500"},
		"one of two":        {"x", `{"upstreams": ["` + first + `", "127.0.0.1:1"], "timeout": "300ms"}`, http.StatusUnprocessableEntity, "nothing has changed"},
		"no upstream":       {"x", `{}`, http.StatusBadRequest, "upstreams takes"},
		"no address":        {"x", `{"upstreams": ["nowhere"]}`, http.StatusBadRequest, `upstream "nowhere"`},
		"no duration":       {"x", `{"upstreams": ["` + first + `"], "timeout": "soon"}`, http.StatusBadRequest, "timeout takes a duration"},
		"the configuration": {"config", `{"upstreams": ["` + first + `"]}`, http.StatusBadRequest, "the configuration names"},
		"no id":             {"a b", `{"upstreams": ["` + first + `"]}`, http.StatusBadRequest, "no id of a deployment"},
		"no build":          {"x", `{"upstreams": ["` + first + `"], "build": "/nowhere"}`, http.StatusUnprocessableEntity, "build: "},
		"a relative build":  {"x", `{"upstreams": ["` + first + `"], "build": "web"}`, http.StatusBadRequest, "an absolute path"},
	} {
		status, text := e.deploy(order.id, order.body)
		assert.Equal(t, order.status, status, "%s: %s", name, text)
		assert.Contains(t, text, order.says, name)
		assert.Equal(t, map[string]string{"config": "live"}, e.states(), name)
		assert.Equal(t, "first", e.document(), name)
	}
	status, text := e.order(http.MethodPost, report.RollbackRoute, `{"zone": "shop"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "no deployment that was live before")
	status, text = e.order(http.MethodPut, report.DeploymentRoute("other", "x"), `{"upstreams": ["`+first+`"]}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.True(t, strings.HasPrefix(text, `unknown zone "other"`), text)
}
