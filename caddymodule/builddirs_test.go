package caddymodule

import (
	"testing"

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
