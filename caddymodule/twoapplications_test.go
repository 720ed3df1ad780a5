package caddymodule

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A name that two applications have means neither; one application on several sites is one.
func TestOrdersAboutTwoApplicationsOfOneName(t *testing.T) {
	token, shopToken := edgetest.File(t, "s3cret"), edgetest.File(t, "root-only")
	one, other := edgetest.Named(t, "one"), edgetest.Named(t, "other")
	port, state := edgetest.FreePort(t), t.TempDir()
	e := &controlled{Edge: edgetest.New(t), token: token}
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	// The test's edge has its site at a plain and at an encrypted address; secondSite is at a third one.
	load := func(secondSite string) {
		require.NoError(t, e.Load(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n token purge root %s\n token read root %s\n }\n}\nnextjs %s {\n cache\n}",
			token, shopToken, shopToken, one), fmt.Sprintf("nextjs {\n state %s\n}\n}\nhttp://localhost:%s {\n %s", state, port, secondSite)))
	}
	purge := func(zone, by string) (int, string) {
		res, text := e.order(t, http.MethodPost, "/_edge/v1/purge", fmt.Sprintf(`{"cache": "pages", "zone": %q}`, zone), "Authorization", "Bearer "+by)
		return res.StatusCode, text
	}
	says := func(zone, by string, status int, want string) {
		t.Helper()
		edgetest.AfterReload(t, func() bool {
			got, text := purge(zone, by)
			return got == status && assert.JSONEq(new(testing.T), want, text)
		})
	}
	const purged, twoRoots = `{"purged": [{"zone": "root", "cache": "pages", "pages": 0}]}`,
		"2 applications have the name root: name them differently in the configuration (`zone /path name upstream`)"

	load("nextjs " + one + " {\n cache\n}")
	for _, by := range []string{"s3cret", "root-only"} {
		says("root", by, http.StatusOK, purged)
		says("/", by, http.StatusOK, purged)
	}

	load("nextjs " + other + " {\n cache\n}")
	for _, by := range []string{"s3cret", "root-only"} {
		says("root", by, http.StatusConflict, `{"error": "`+twoRoots+`"}`)
		says("/", by, http.StatusConflict, `{"error": "`+twoRoots+`"}`)
	}
	res, text := e.order(t, http.MethodGet, "/_edge/v1/files", "", "Authorization", "Bearer root-only")
	assertRefused(t, res, text, http.StatusConflict, twoRoots)
	_, err := askAdmin(t, report.AdminPath(report.PurgeRoute), http.MethodPost, `{"cache": "pages", "zone": "root"}`)
	require.EqualError(t, err, twoRoots)
	_, err = runPurge("pages", "--zone", "root", "--control", e.URL("/_edge"), "--token-file", token)
	require.ErrorContains(t, err, "refuses: "+twoRoots)
	res, text = e.order(t, http.MethodPost, "/_edge/v1/purge", `{"cache": "pages", "all": true}`, "Authorization", "Bearer s3cret")
	assert.Equal(t, http.StatusOK, res.StatusCode, "all are all: %s", text)

	load("nextjs {\n zone / second " + other + "\n cache\n}")
	says("root", "s3cret", http.StatusOK, purged)
	says("root", "root-only", http.StatusOK, purged)
	says("second", "s3cret", http.StatusOK, `{"purged": [{"zone": "second", "cache": "pages", "pages": 0}]}`)
	says("/", "s3cret", http.StatusConflict, `{"error": "/ is a path of 2 applications: name one of root, second"}`)
	says("/", "root-only", http.StatusForbidden, `{"error": "the token is for zone root only"}`)
}
