package control

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// withRoutes has a route for deployments, one that is found without a version and one more, for the time of a test.
func withRoutes(t *testing.T) {
	t.Helper()
	before := routes
	t.Cleanup(func() { routes = before })
	tell := func(w http.ResponseWriter, r *http.Request, caller Caller, _ *zap.Logger) error {
		return AnswerJSON(w, http.StatusOK, map[string]any{
			"zone": r.PathValue("zone"), "id": r.PathValue("id"), "remote": caller.IsRemote(), "may": caller.May(r.PathValue("zone")),
		})
	}
	purge := Order("purge", ScopePurge, tell)
	purge.bareOnControl = true
	routes = []Route{
		purge, Read("status", func(w http.ResponseWriter, r *http.Request, caller Caller) error { return tell(w, r, caller, nil) }),
		Put(report.DeploymentPattern, ScopeDeploy, tell),
	}
}

// controlOf is a nextjs_control with tokens that are called as their scopes.
func controlOf(t *testing.T, tokens ...Token) *Handler {
	t.Helper()
	for i, token := range tokens {
		tokens[i].File = edgetest.File(t, strings.TrimSuffix(token.Scope+"-"+token.Zone, "-"))
	}
	keys, err := newKeyring("", tokens, zap.NewNop())
	require.NoError(t, err)
	return &Handler{keys: keys, logger: zap.NewNop()}
}

func TestDeploymentsAreFoundByTheirPaths(t *testing.T) {
	withRoutes(t)
	c := controlOf(t, Token{Scope: ScopeDeploy}, Token{Scope: ScopeDeploy, Zone: "shop"}, Token{Scope: ScopePurge}, Token{Scope: ScopeRead})
	const nothing = "nothing is here; there are POST …/v1/purge, GET …/v1/status, PUT …/v1/zones/{zone}/deployments/{id}"
	for _, row := range []struct {
		method, path, token string
		status              int
		answer              string
	}{
		{http.MethodPut, "/v1/zones/shop/deployments/42", "deploy", 200, `{"zone":"shop","id":"42","remote":true,"may":true}`},
		{http.MethodPut, "/_edge/v1/zones/shop/deployments/42", "deploy", 200, `{"zone":"shop","id":"42","remote":true,"may":true}`},
		{http.MethodPut, "/v1/" + report.DeploymentRoute("/shop", "a/b é"), "deploy", 200, `{"zone":"/shop","id":"a/b é","remote":true,"may":true}`},
		{http.MethodPut, "/v1/zones/shop/deployments/-", "deploy-shop", 200, `{"zone":"shop","id":"-","remote":true,"may":true}`},
		{http.MethodPut, "/v1/zones/blog/deployments/42", "deploy-shop", 200, `{"zone":"blog","id":"42","remote":true,"may":false}`},
		// A value may be called as a route is.
		{http.MethodPut, "/v1/zones/shop/deployments/purge", "deploy", 200, `{"zone":"shop","id":"purge","remote":true,"may":true}`},
		{http.MethodPut, "/v1/zones/v1/deployments/v1", "deploy", 200, `{"zone":"v1","id":"v1","remote":true,"may":true}`},
		{http.MethodPost, "/v1/zones/shop/deployments/purge", "purge", 403, `{"error":"this needs a token of scope deploy"}`},

		{http.MethodPut, "/v1/zones/shop/deployments/42", "read", 403, `{"error":"this needs a token of scope deploy"}`},
		{http.MethodPut, "/v1/zones/shop/deployments/42", "nobody", 401, `{"error":"` + errUnknownToken.Error() + `"}`},
		{http.MethodGet, "/v1/zones/shop/deployments/42", "deploy", 405, `{"error":"method GET is not allowed here, only PUT is"}`},
		{http.MethodPut, "/v1/status", "read", 405, `{"error":"method PUT is not allowed here, only GET is"}`},
		{http.MethodPut, "/v2/zones/shop/deployments/42", "deploy", 404, `{"error":"` + nothing + `"}`},
		{http.MethodPut, "/v1/zones/shop/deployments/", "deploy", 404, `{"error":"` + nothing + `"}`},
		{http.MethodPut, "/v1/zones//deployments/42", "deploy", 404, `{"error":"` + nothing + `"}`},
		{http.MethodPut, "/v1/zones/shop/deployments/42/x", "deploy", 404, `{"error":"` + nothing + `"}`},
		{http.MethodPut, "/zones/shop/deployments/42", "deploy", 404, `{"error":"` + nothing + `"}`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(row.method, row.path, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+row.token)
		require.NoError(t, c.answer(w, r))
		assert.Equal(t, row.status, w.Code, "%s %s by %s", row.method, row.path, row.token)
		assert.JSONEq(t, row.answer, w.Body.String(), "%s %s by %s", row.method, row.path, row.token)
		assert.Equal(t, row.status == http.StatusMethodNotAllowed, w.Header().Get("Allow") != "")
	}
}

func TestDeploymentsOnTheAdminEndpoint(t *testing.T) {
	withRoutes(t)
	var failed error
	mux := http.NewServeMux()
	for _, route := range (Admin{}).Routes() {
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) { failed = route.Handler.ServeHTTP(w, r) })
	}
	ask := func(method, path string) (*httptest.ResponseRecorder, error) {
		failed = nil
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("{}")))
		return w, failed
	}
	for zone, id := range map[string]string{"shop": "42", "/shop": "a/b é", "v1": "purge"} {
		w, err := ask(http.MethodPut, report.AdminPath(report.DeploymentRoute(zone, id)))
		require.NoError(t, err)
		assert.JSONEq(t, `{"zone":"`+zone+`","id":"`+id+`","remote":false,"may":true}`, w.Body.String())
	}
	for path, status := range map[string]int{
		"/nextjs/v1/zones/shop/deployments/42": http.StatusMethodNotAllowed, "/nextjs/zones/shop/deployments/42": http.StatusNotFound,
		"/nextjs/v1/zones/shop": http.StatusNotFound,
	} {
		_, err := ask(http.MethodPost, path)
		refused := caddy.APIError{}
		require.True(t, errors.As(err, &refused), path)
		assert.Equal(t, status, refused.HTTPStatus, path)
	}
}
