package caddymodule

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Pods of one name that run different builds are noticed, and those that run one are not.
func TestUpstreamsThatRunDifferentBuildsAreNoticed(t *testing.T) {
	for zone, other := range map[string]string{"mixed-pods": "d2", "alike-pods": "d1"} {
		e := edgetest.Serve(t, "nextjs {\n zone / "+zone+" "+nextApplication(t, "first", "d1")+" "+nextApplication(t, "second", other)+"\n}")
		for range 8 {
			e.Ask(t, http.MethodGet, "/page?_rsc=1", "Rsc", "1")
		}
		noticed := metric(t, "notices_total", zone, "mixed_deployments") > 0
		assert.Equal(t, other != "d1", noticed, zone)
	}
}
