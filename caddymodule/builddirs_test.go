package caddymodule

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestWhereBuildsMayLieThatAreDeployedFromElsewhere(t *testing.T) {
	builds, state := t.TempDir(), t.TempDir()
	t.Setenv("BUILDS", builds)
	zone := "nextjs " + edgetest.Named(t, "home")
	e := edgetest.Serve(t, zone, "nextjs {\n state "+state+"\n builds /srv/builds {env.BUILDS}\n}")
	assert.Equal(t, []string{"/srv/builds", builds}, edge.Current.Load().Builds)

	err := e.Load(t, zone, "nextjs {\n builds srv/builds\n}")
	require.ErrorContains(t, err, `nextjs: builds takes absolute directories, found "srv/builds"`)
	assert.Equal(t, []string{"/srv/builds", builds}, edge.Current.Load().Builds, "the configuration that serves is the one before")
	require.NoError(t, e.Load(t, zone, edgetest.State(state)))
	assert.Empty(t, edge.Current.Load().Builds)
}

// Over nextjs_control a build must be below one of the directories; over the admin endpoint it may lie anywhere.
func TestWhichBuildsATokenMayDeploy(t *testing.T) {
	builds, elsewhere, token := t.TempDir(), t.TempDir(), edgetest.File(t, "s3cret")
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(builds, "out")))
	require.NoError(t, os.Mkdir(filepath.Join(builds, "empty"), 0o755))
	home := edgetest.Named(t, "home")
	e := edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token deploy home %s\n }\n}\nnextjs {\n zone / home %s\n}", token, home),
		fmt.Sprintf("nextjs {\n state %s\n builds %s\n}", t.TempDir(), builds))
	client, base := e.Client(t, edgetest.H1)
	for dir, status := range map[string]int{
		elsewhere: http.StatusForbidden, builds + "/out": http.StatusForbidden, builds + "/../" + filepath.Base(elsewhere): http.StatusForbidden,
		builds: http.StatusForbidden, builds + "/nothing": http.StatusForbidden, "/": http.StatusForbidden,
		builds + "/empty": http.StatusUnprocessableEntity,
	} {
		order := fmt.Sprintf(`{"upstreams": [%q], "build": %q}`, home, dir)
		req := edgetest.Request(t, t.Context(), http.MethodPut, base+"/_edge/v1/zones/home/deployments/42", strings.NewReader(order), "Authorization", "Bearer s3cret")
		answer := edgetest.Do(t, client, req)
		assert.Equal(t, status, answer.StatusCode, "%s: %s", dir, answer.Text)

		_, err := askAdmin(t, "/nextjs/v1/zones/home/deployments/42", http.MethodPut, order)
		var refused caddy.APIError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.HTTPStatus, "there is no build in %s", dir)
	}
}
