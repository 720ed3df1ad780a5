package caddymodule

import (
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Zones with an upstream in common are one application, and an export, which has none, is its own.
func TestZonesWithACommonUpstreamAreSiblings(t *testing.T) {
	var rotations []*deploy.Rotation
	for _, upstreams := range [][]string{{"web:1"}, {"blog:1"}, {"web:2", "web:1"}, nil} {
		sources, err := ZoneConfig{Upstreams: upstreams}.sources(caddy.NewReplacer())
		require.NoError(t, err)
		rotations = append(rotations, rotationOf(t, sources))
	}
	list := []*zones.Zone{{Name: "home"}, {Name: "blog"}, {Name: "admin"}, {Name: "export"}}
	noteSiblings(list, rotations)
	assert.Equal(t, []*zones.Zone{list[2]}, list[0].Siblings)
	assert.Empty(t, list[1].Siblings)
	assert.Equal(t, []*zones.Zone{list[0]}, list[2].Siblings)
	assert.Empty(t, list[3].Siblings)
}

// rotationOf returns the rotation of a zone with some sources; nil without any.
func rotationOf(t *testing.T, sources []deploy.Source) *deploy.Rotation {
	t.Helper()
	if len(sources) == 0 {
		return nil
	}
	fleet := deploy.Open(deploy.Settings{Addresses: new(deploy.Addresses), Log: zap.NewNop()})
	t.Cleanup(func() { assert.NoError(t, fleet.Close()) })
	rotation := fleet.Join(deploy.ZoneSettings{ID: "zone", Name: "zone", Sources: sources})
	t.Cleanup(rotation.Leave)
	return rotation
}
