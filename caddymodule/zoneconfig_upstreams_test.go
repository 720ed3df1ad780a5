package caddymodule

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Zones with an upstream in common are one application, and an export, which has none, is its own.
func TestZonesWithACommonUpstreamAreSiblings(t *testing.T) {
	web, blog, more := &deploy.Upstream{Address: "web:1"}, &deploy.Upstream{Address: "blog:1"}, &deploy.Upstream{Address: "web:2"}
	leased := leasedUpstreams{ofZone: []*deploy.Upstreams{
		deploy.NewUpstreams([]*deploy.Upstream{web}),
		deploy.NewUpstreams([]*deploy.Upstream{blog}),
		deploy.NewUpstreams([]*deploy.Upstream{more, web}),
		deploy.NewUpstreams(nil),
	}}
	list := []*zones.Zone{{Name: "home"}, {Name: "blog"}, {Name: "admin"}, {Name: "export"}}
	leased.noteSiblings(list)
	assert.Equal(t, []*zones.Zone{list[2]}, list[0].Siblings)
	assert.Empty(t, list[1].Siblings)
	assert.Equal(t, []*zones.Zone{list[0]}, list[2].Siblings)
	assert.Empty(t, list[3].Siblings)
}
