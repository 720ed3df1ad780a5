package caddymodule

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// tokenKinds are the tokens of scoped, by their name, as the directive has them before the file. "everything" is that of
// token_file, and "mixed" one file that is named twice.
var tokenKinds = map[string][]string{
	"read": {"read"}, "purge": {"purge"}, "deploy": {"deploy"},
	"read-shop": {"read shop"}, "purge-shop": {"purge shop"}, "deploy-shop": {"deploy shop"}, "adapter-shop": {"adapter shop"},
	"mixed": {"purge root", "adapter shop"},
}

// scoped is an edge with a token of each kind, whose file holds its name, and the zones root, at /, and shop, at /shop.
func scoped(t *testing.T) *controlled {
	t.Helper()
	c := &controlled{token: edgetest.File(t, "everything")}
	var root, shop string
	root, c.root = paint(t)
	shop, c.shop = paint(t)
	var tokens strings.Builder
	for name, list := range tokenKinds {
		file := edgetest.File(t, name)
		for _, words := range list {
			fmt.Fprintf(&tokens, " token %s %s\n", words, file)
		}
	}
	c.Edge = edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n%s }\n}\nnextjs {\n zone / %s\n zone /shop %s\n cache\n}",
		c.token, &tokens, root, shop), "nextjs {\n state "+t.TempDir()+"\n}")
	return c
}

// Each route, asked about each zone, with each token: what it is answered with.
func TestEachRouteWithEachWrongToken(t *testing.T) {
	c := scoped(t)
	const (
		unknown        = "a token that is known here is needed, as Authorization: Bearer and the token"
		unknownZone    = `unknown zone "blog"; the configuration has: root, shop`
		needsRead      = "this needs a token of scope read"
		needsDeploy    = "this needs a token of scope deploy"
		needsPurge     = "this needs a token of scope purge or adapter"
		needsPurgeOnly = "this needs a token of scope purge"
		shopOnly       = "the token is for zone shop only"
		rootOnly       = "the token is for zone root only"
		bothOnly       = "the token is for zones root, shop only"
	)
	type refusals = map[string]string
	notRead, notRoot := refusals{"read-shop": shopOnly}, refusals{"purge-shop": shopOnly, "adapter-shop": shopOnly}
	notAll := refusals{"purge-shop": shopOnly, "adapter-shop": shopOnly, "mixed": bothOnly}
	notAllPictures := refusals{"purge-shop": shopOnly, "adapter-shop": needsPurgeOnly, "mixed": rootOnly}
	notShopPictures := refusals{"adapter-shop": needsPurgeOnly, "mixed": rootOnly}
	notBlog := refusals{
		"purge-shop": shopOnly, "adapter-shop": shopOnly, "mixed": bothOnly, "purge": unknownZone, "everything": unknownZone,
	}
	root, shop := upstreamOf(t, "root"), upstreamOf(t, "shop")
	upstream := func(address string) string { return fmt.Sprintf(`{"upstream": %q}`, address) }
	unknownRoot := fmt.Sprintf("unknown upstream %q; there are: %s", root, shop)
	explain := func(route, path string) string { return route + "?" + url.Values{"url": {c.URL(path)}}.Encode() }
	upstreams := func(address string) string { return fmt.Sprintf(`{"upstreams": [%q]}`, address) }
	get, post, put := http.MethodGet, http.MethodPost, http.MethodPut
	for _, row := range []struct {
		name, method, path, body string
		// allowed are the tokens that may, beside that for everything; others what is said to those that may not.
		allowed []string
		others  refusals
		rest    string // what is said to all others
	}{
		{"files", get, "/v1/files", "", []string{"read", "read-shop"}, nil, needsRead},
		{"explain the root", get, explain("/v1/explain", "/news"), "", []string{"read"}, notRead, needsRead},
		{"explain the shop", get, explain("/v1/explain", "/shop/a"), "", []string{"read", "read-shop"}, nil, needsRead},
		{"explain elsewhere", get, "/v1/explain?url=http://localhost:1/", "", []string{"read"}, notRead, needsRead},
		{"image of the root", get, explain("/v1/image", "/a.jpg"), "", []string{"read"}, notRead, needsRead},
		{"image of the shop", get, explain("/v1/image", "/shop/_next/image?url=%2Fa.jpg&w=640&q=75"), "", []string{"read", "read-shop"}, nil, needsRead},

		{"status", get, "/v1/status", "", []string{"read", "read-shop"}, nil, needsRead},
		{"drain the root's", post, "/v1/drain", upstream(root), []string{"deploy"}, refusals{"deploy-shop": unknownRoot}, needsDeploy},
		{"drain the shop's", post, "/v1/drain", upstream(shop), []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"undrain the root's", post, "/v1/undrain", upstream(root), []string{"deploy"}, refusals{"deploy-shop": unknownRoot}, needsDeploy},
		{"undrain the shop's", post, "/v1/undrain", upstream(shop), []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"pause the root", post, "/v1/pause", `{"zone": "root"}`, []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"pause the shop", post, "/v1/pause", `{"zone": "shop"}`, []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"resume the root", post, "/v1/resume", `{"zone": "root"}`, []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"resume the shop by its path", post, "/v1/resume", `{"zone": "/shop"}`, []string{"deploy", "deploy-shop"}, nil, needsDeploy},

		{"purge all pages", post, "/v1/purge", `{"cache": "pages", "all": true}`, []string{"purge"}, notAll, needsPurge},
		{"purge a tag anywhere", post, "/v1/purge", `{"cache": "pages", "tag": "a"}`, []string{"purge"}, notAll, needsPurge},
		{"purge pages of the root", post, "/v1/purge", `{"cache": "pages", "zone": "root"}`, []string{"purge", "mixed"}, notRoot, needsPurge},
		{"purge pages of the root by its path", post, "/v1/purge", `{"cache": "pages", "zone": "/"}`, []string{"purge", "mixed"}, notRoot, needsPurge},
		{"purge pages of the shop", post, "/v1/purge", `{"cache": "pages", "zone": "shop"}`, []string{"purge", "purge-shop", "adapter-shop", "mixed"}, nil, needsPurge},
		{"purge pages of the shop by its path", post, "/v1/purge", `{"cache": "pages", "zone": "/shop", "path": "/shop/a"}`, []string{"purge", "purge-shop", "adapter-shop", "mixed"}, nil, needsPurge},
		{"purge pages of a zone that is not", post, "/v1/purge", `{"cache": "pages", "zone": "blog"}`, nil, notBlog, needsPurge},
		{"purge all pictures", post, "/v1/purge", purgeAll, []string{"purge"}, notAllPictures, needsPurge},
		{"purge pictures of the shop", post, "/v1/purge", `{"cache": "images", "zone": "shop"}`, []string{"purge", "purge-shop"}, notShopPictures, needsPurge},
		{"purge without version", post, "/purge", `{"cache": "pages", "zone": "root"}`, []string{"purge", "mixed"}, notRoot, needsPurge},

		{"deploy the root", put, "/v1/zones/root/deployments/42", upstreams(root), []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"deploy the shop", put, "/v1/zones/shop/deployments/42", upstreams(shop), []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"deploy the shop by its path", put, "/v1/zones/%2Fshop/deployments/42", upstreams(shop), []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"roll the root back", post, "/v1/rollback", `{"zone": "root"}`, []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"roll the shop back", post, "/v1/rollback", `{"zone": "shop"}`, []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"promote of the root", post, "/v1/promote", `{"zone": "root", "deployment": "config"}`, []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"promote of the shop", post, "/v1/promote", `{"zone": "shop", "deployment": "config"}`, []string{"deploy", "deploy-shop"}, nil, needsDeploy},
		{"retire of the root", post, "/v1/retire", `{"zone": "root", "deployment": "42"}`, []string{"deploy"}, refusals{"deploy-shop": shopOnly}, needsDeploy},
		{"retire of the shop", post, "/v1/retire", `{"zone": "/shop", "deployment": "42"}`, []string{"deploy", "deploy-shop"}, nil, needsDeploy},
	} {
		for _, token := range append(slices.Sorted(maps.Keys(tokenKinds)), "everything", "nobody", "READ", "") {
			t.Run(row.name+" by "+token, func(t *testing.T) {
				res, text := c.order(t, row.method, "/_edge"+row.path, row.body, "Authorization", "Bearer "+token)
				said, listed := row.others[token]
				_, isToken := tokenKinds[token]
				switch {
				case !isToken && token != "everything":
					assertRefused(t, res, text, http.StatusUnauthorized, unknown)
					assert.Equal(t, "Bearer", res.Header.Get("WWW-Authenticate"))
				case said == unknownZone, said == unknownRoot:
					assertRefused(t, res, text, http.StatusBadRequest, said)
				case listed:
					assertRefused(t, res, text, http.StatusForbidden, said)
				case token == "everything" || slices.Contains(row.allowed, token):
					assert.Equal(t, http.StatusOK, res.StatusCode, text)
				default:
					assertRefused(t, res, text, http.StatusForbidden, row.rest)
				}
			})
		}
	}
}

// upstreamOf is the address of the only upstream of a zone.
func upstreamOf(t *testing.T, zone string) string {
	t.Helper()
	for _, facts := range running.app().sites[0].View.Load().List {
		if facts.Name == zone {
			return facts.Upstreams.Zone().Deployment.Members[0].String()
		}
	}
	require.Fail(t, "there is no zone "+zone)
	return ""
}

// A token for a zone sees nothing of the others in status.
func TestStatusTellsOnlyWhatATokenIsFor(t *testing.T) {
	c := scoped(t)
	for token, want := range map[string][]string{"read": {"root", "shop"}, "read-shop": {"shop"}, "everything": {"root", "shop"}} {
		_, text := c.order(t, http.MethodGet, "/_edge/v1/status", "", "Authorization", "Bearer "+token)
		var status report.Status
		require.NoError(t, json.Unmarshal([]byte(text), &status), text)
		var zones []string
		for _, zone := range status.Zones {
			zones = append(zones, zone.Name)
			require.Len(t, zone.Deployments, 1)
			require.Len(t, zone.Deployments[0].Upstreams, 1)
			assert.Equal(t, "healthy", zone.Deployments[0].Upstreams[0].State)
		}
		assert.ElementsMatch(t, want, zones, token)
	}
}

// An upstream that two zones have is drained by who may speak for both.
func TestWhoMayDrainAnUpstreamOfTwoZones(t *testing.T) {
	shared, file := edgetest.Named(t, "x"), edgetest.File(t, "shop-only")
	e := edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token deploy shop %s\n }\n}\nnextjs {\n zone / root %[2]s\n zone /shop shop %[2]s\n}", file, shared), edgetest.State(t.TempDir()))
	client, base := e.Client(t, edgetest.H1)
	res := edgetest.Post(t, client, base+"/_edge/v1/drain", "application/json", fmt.Sprintf(`{"upstream": %q}`, shared), "Authorization", "Bearer shop-only")
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
	assert.Contains(t, res.Text, "the token is not for all zones that have this upstream")
	assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodGet, "/").StatusCode)
}

// assertRefused looks for the one shape of errors.
func assertRefused(t *testing.T, res *http.Response, text string, status int, message string) {
	t.Helper()
	assert.Equal(t, status, res.StatusCode, text)
	var said map[string]string
	require.NoError(t, json.Unmarshal([]byte(text), &said), text)
	assert.Equal(t, map[string]string{"error": message}, said)
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
}

// What is about the edge and not about a zone is the same for all tokens.
func TestErrorsHaveOneShape(t *testing.T) {
	c := scoped(t)
	for _, row := range []struct {
		method, path, token string
		status              int
		message             string
	}{
		{http.MethodGet, "/_edge/", "read", http.StatusNotFound, controlRoutes},
		{http.MethodGet, "/_edge/v1/nothing", "deploy", http.StatusNotFound, controlRoutes},
		{http.MethodPost, "/_edge/v2/purge", "purge", http.StatusNotFound, controlRoutes},
		{http.MethodGet, "/_edge/files", "read", http.StatusNotFound, controlRoutes},
		{http.MethodPost, "/_edge/v1/files", "read", http.StatusMethodNotAllowed, "method POST is not allowed here, only GET is"},
		{http.MethodGet, "/_edge/v1/purge", "purge", http.StatusMethodNotAllowed, "method GET is not allowed here, only POST is"},
		{http.MethodGet, "/_edge/v1/purge", "read", http.StatusForbidden, "this needs a token of scope purge or adapter"},
		{http.MethodGet, "/_edge/v1/explain?url=x", "read", http.StatusBadRequest, `"x" is no URL of a site: it must begin with http:// or https:// and a host`},
		{http.MethodGet, "/_edge/v1/image?url=x", "read", http.StatusBadRequest, `"x" is no URL of a site: it must begin with http:// or https:// and a host`},
	} {
		res, text := c.order(t, row.method, row.path, "{}", "Authorization", "Bearer "+row.token)
		assertRefused(t, res, text, row.status, row.message)
		assert.Equal(t, row.status == http.StatusMethodNotAllowed, res.Header.Get("Allow") != "")
	}
	for path, message := range map[string]string{
		"/nextjs/":         strings.ReplaceAll(controlRoutes, "…", "/nextjs"),
		"/nextjs/v2/purge": strings.ReplaceAll(controlRoutes, "…", "/nextjs"),
	} {
		w, err := askAdmin(t, path, http.MethodGet, "")
		var refused caddy.APIError
		require.ErrorAs(t, err, &refused, path)
		assert.Equal(t, http.StatusNotFound, refused.HTTPStatus)
		assert.Equal(t, message, refused.Message)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
}

// The admin endpoint has its routes also where they were before there were versions.
func TestAdminRoutesWithoutVersion(t *testing.T) {
	c := scoped(t)
	for _, target := range []string{
		report.FilesRoute, report.ExplainRoute + "?url=" + url.QueryEscape(c.URL("/shop")), report.ImageRoute + "?url=" + url.QueryEscape(c.URL("/shop/a.jpg")),
	} {
		w, err := askAdmin(t, report.AdminPath(target), http.MethodGet, "")
		require.NoError(t, err)
		before, err := askAdmin(t, report.UnversionedAdminPath(target), http.MethodGet, "")
		require.NoError(t, err)
		assert.Contains(t, w.Body.String(), "shop")
		assert.JSONEq(t, w.Body.String(), before.Body.String())
	}
	w, err := askAdmin(t, "/nextjs/purge", http.MethodPost, `{"cache": "images", "zone": "shop"}`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"purged": [{"zone": "shop", "cache": "images"}]}`, w.Body.String())
}

func TestWhoReadsForOneZoneSeesNoOther(t *testing.T) {
	c := scoped(t)
	names := func(token string) (list []string) {
		_, text := c.order(t, http.MethodGet, "/_edge/v1/files", "", "Authorization", "Bearer "+token)
		var answer report.Files
		require.NoError(t, json.Unmarshal([]byte(text), &answer))
		for _, zone := range answer.Zones {
			list = append(list, zone.Name)
		}
		return list
	}
	assert.Equal(t, []string{"root", "shop"}, names("read"))
	assert.Equal(t, []string{"shop"}, names("read-shop"))
}

// Sites decide by the address of who asks; from nextjs_control that is not the edge itself.
func TestExplanationsAreAskedFromWhereTheCallerIs(t *testing.T) {
	token, root := edgetest.File(t, "s3cret"), edgetest.Named(t, "root")
	private := edgetest.Upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a server without zones was asked") })
	port := edgetest.FreePort(t)
	e := edgetest.Serve(t, fmt.Sprintf(`@local {
			client_ip 127.0.0.1
			not path /_edge/*
		}
		handle @local {
			nextjs {
				zone local / %s
			}
		}
		handle_path /_edge/* {
			nextjs_control {
				token_file %s
			}
		}
		nextjs %s`, root, token, root),
		fmt.Sprintf("servers {\n trusted_proxies static private_ranges\n}\n}\nhttp://localhost:%s {\n reverse_proxy %s", port, private))
	explain := func(client, of string, headers ...string) string {
		query := url.Values{"url": {of}, "header": headers}
		return e.Ask(t, http.MethodGet, "/_edge/v1/explain?"+query.Encode(), "Authorization", "Bearer s3cret", "X-Forwarded-For", client).Text
	}
	assert.Contains(t, explain("127.0.0.1", e.URL("/news")), `"zone":"local"`)
	assert.Contains(t, explain("203.0.113.7", e.URL("/news")), `"zone":"root"`)
	assert.Contains(t, explain("203.0.113.7", e.URL("/news"), "X-Forwarded-For: 127.0.0.1"), `"zone":"root"`, "what the caller says of itself")
	assert.JSONEq(t, `{"error": "no zone is served at localhost:`+port+`"}`, explain("203.0.113.7", "http://localhost:"+port+"/"))
}

// A file that changes changes the token; one that is gone lets nobody in, and others still do.
func TestTokensOfScopesAreReadAgain(t *testing.T) {
	read, purge := edgetest.File(t, "one"), edgetest.File(t, "two")
	e := edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token read %s\n token purge %s\n }\n}\nnextjs %s", read, purge, edgetest.Named(t, "root")))
	status := func(token string) int {
		return e.Ask(t, http.MethodGet, "/_edge/v1/files", "Authorization", "Bearer "+token).StatusCode
	}
	require.Equal(t, http.StatusOK, status("one"))
	require.Equal(t, http.StatusForbidden, status("two"))
	require.NoError(t, os.WriteFile(read, []byte("three"), 0o600))
	eventuallyEqual(t, http.StatusOK, func() int { return status("three") })
	assert.Equal(t, http.StatusUnauthorized, status("one"))
	require.NoError(t, os.Remove(read))
	eventuallyEqual(t, http.StatusUnauthorized, func() int { return status("three") })
	assert.Equal(t, http.StatusForbidden, status("two"))
	require.NoError(t, os.WriteFile(read, []byte("two"), 0o600))
	eventuallyEqual(t, http.StatusOK, func() int { return status("two") }) // one token in two files is for what both are for
}

func TestTokensInJSONAreChecked(t *testing.T) {
	file := edgetest.File(t, "s3cret")
	for message, token := range map[string]map[string]string{
		`unknown scope "admin"; allowed: read, purge, deploy, adapter`: {"scope": "admin", "file": file},
		"token adapter needs the name of a zone":                       {"scope": "adapter", "file": file},
		"token read needs a file":                                      {"scope": "read"},
		"nextjs_control: token read: stat /nowhere":                    {"scope": "read", "file": "/nowhere"},
	} {
		text, err := json.Marshal(token)
		require.NoError(t, err)
		config := `{"admin": {"disabled": true, "config": {"persist": false}}, "apps": {"http": {"servers": {"edge": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [{"handler": "nextjs_control", "tokens": [` + string(text) + `]}]}]}}}}}`
		require.ErrorContains(t, caddy.Load([]byte(config), true), message)
	}
}
