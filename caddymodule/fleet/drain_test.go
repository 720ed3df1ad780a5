package fleet

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

func TestMain(m *testing.M) {
	control.Handle(Routes(func(*deploy.Upstream) (events, sockets int) { return 0, 0 })...)
	m.Run()
}

// The same host and port with and without TLS, or by two names, are several upstreams. To drain any of them would take
// one out that nobody meant.
func TestAnOrderThatMayMeanSeveralUpstreamsIsRefused(t *testing.T) {
	plain := deploy.Address{Dial: "10.0.0.1:3000"}
	secure := deploy.Address{Dial: "10.0.0.1:3000", TLS: true}
	named := deploy.Address{Dial: "10.0.0.2:3000", TLS: true, ServerName: "web"}
	renamed := deploy.Address{Dial: "10.0.0.2:3000", TLS: true, ServerName: "shop"}
	state := serve(t, map[string][]deploy.Address{"root": {plain, named}, "shop": {secure, renamed}})
	drains := func() (list []string) {
		for address := range state.State().Drains {
			list = append(list, address)
		}
		slices.Sort(list)
		return list
	}
	_, err := order(t, report.DrainRoute, "10.0.0.2:3000")
	requireRefused(t, err, http.StatusConflict, "https://10.0.0.2:3000 (shop) or https://10.0.0.2:3000 (web)")
	assert.Empty(t, drains())
	for _, one := range []struct{ text, address, zone string }{
		{"10.0.0.1:3000", plain.String(), "root"},
		{"http://10.0.0.1:3000", plain.String(), "root"},
		{"https://10.0.0.1:3000", secure.String(), "shop"},
		{"https://10.0.0.2:3000 (web)", named.String(), "root"},
	} {
		drained, err := order(t, report.DrainRoute, one.text)
		require.NoError(t, err, one.text)
		assert.Equal(t, []string{one.zone}, drained.Zones)
		assert.Equal(t, []string{one.address}, drains())
		_, err = order(t, report.UndrainRoute, one.text)
		require.NoError(t, err)
		assert.Empty(t, drains())
	}
}

func TestAnUpstreamIsDrainedInAllZonesThatHaveIt(t *testing.T) {
	shared := deploy.Address{Dial: "10.0.0.1:3000"}
	serve(t, map[string][]deploy.Address{"root": {shared}, "shop": {shared}})
	drained, err := order(t, report.DrainRoute, "10.0.0.1:3000")
	require.NoError(t, err)
	assert.Equal(t, []string{"root", "shop"}, drained.Zones)
	assert.Equal(t, deploy.Draining.String(), drained.State)
}

// serve has zones with upstreams be those of the configuration that serves.
func serve(t *testing.T, upstreams map[string][]deploy.Address) *State {
	t.Helper()
	state := &State{
		Fleet: deploy.Open(deploy.Settings{Addresses: new(deploy.Addresses), Log: zap.NewNop()}),
	}
	state.SetLog(zap.NewNop())
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	view := &edge.View{}
	for name, addresses := range upstreams {
		settings := deploy.ZoneSettings{ID: name, Name: name}
		for _, address := range addresses {
			settings.Sources = append(settings.Sources, deploy.Source{Address: address})
		}
		rotation := state.Fleet.Join(settings)
		t.Cleanup(rotation.Leave)
		view.List = append(view.List, &edge.Zone{Zone: &zones.Zone{Name: name}, Upstreams: rotation, DeployedAs: deploy.ConfigDeployment, IsLive: true})
	}
	site := new(edge.Site)
	site.View.Store(view)
	edge.Current.Store(&edge.Serving{Sites: []*edge.Site{site}})
	Serve(&Deploys{plane: state})
	t.Cleanup(func() {
		edge.Current.Store(nil)
		Serve(nil)
	})
	return state
}

// order orders something about an upstream.
func order(t *testing.T, route, upstream string) (answer report.Drained, err error) {
	t.Helper()
	err = send(t, route, map[string]string{"upstream": upstream}, &answer)
	return answer, err
}

// send orders something of the edge by its admin endpoint.
func send(t *testing.T, route string, order map[string]string, into any) error {
	t.Helper()
	body, err := json.Marshal(order)
	require.NoError(t, err)
	routes := control.Admin{}.Routes()
	at := slices.IndexFunc(routes, func(r caddy.AdminRoute) bool { return r.Pattern == report.AdminPath(route) })
	require.GreaterOrEqual(t, at, 0)
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, routes[at].Pattern, strings.NewReader(string(body)))
	if err := routes[at].Handler.ServeHTTP(w, req); err != nil {
		return err
	}
	return json.Unmarshal(w.Body.Bytes(), into)
}

// requireRefused looks at the refusal of an order.
func requireRefused(t *testing.T, err error, status int, message string) {
	t.Helper()
	refused := caddy.APIError{}
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, status, refused.HTTPStatus, refused.Message)
	assert.Contains(t, refused.Message, message)
}
