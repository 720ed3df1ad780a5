package zones

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestRespellRequest(t *testing.T) {
	open := rules.NewSet(readBuild(t, buildtest.Build{}))
	guarded := rules.NewSet(readBuild(t, buildtest.Build{
		Middleware: object{"middleware": object{"/": object{"matchers": []object{{"regexp": "^/private$"}}}}},
	}))
	for name, c := range map[string]struct {
		ruleSet *rules.Set
		want    string
	}{"with middleware": {guarded, "/a%20/private"}, "without": {open, "/a%20/%70rivate"}, "unknown": {nil, "/a%20/private"}} {
		u, err := url.Parse("/a%20/%70rivate")
		require.NoError(t, err)
		m := RespellRequest(u, Match{Path: "/%70rivate", Target: rules.Target{Full: "/a%20/%70rivate"}}, c.ruleSet)
		assert.Equal(t, c.want, spelling.EscapedPath(u), name)
		assert.Equal(t, c.want, m.Full, name)
		assert.Equal(t, "/a%20"+m.Path, m.Full, name)
		assert.Equal(t, "/a /private", u.Path)
	}
}
