package caddymodule

import (
	"fmt"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestPlacesOfSites(t *testing.T) {
	t.Setenv("CADDY_NEXTJS_TEST_HOST", "Env.example")
	port, other := edgetest.FreePort(t), edgetest.FreePort(t)
	zone := func(name string) string { return fmt.Sprintf("nextjs {\n zone %s / localhost:1\n }\n", name) }
	config, err := edgetest.Adapt(`{
	admin off
	persist_config off
	auto_https off
	nextjs {
		state ` + t.TempDir() + `
	}
}
&(shared) {
	` + zone("named") + `
}
http://b.example:` + port + `, http://a.example:` + port + ` {
	` + zone("two") + `
}
http://:` + port + ` {
	` + zone("all") + `
}
http://*.example.com:` + port + ` {
	` + zone("pattern") + `
}
http://{env.CADDY_NEXTJS_TEST_HOST}:` + port + ` {
	` + zone("placeholder") + `
}
http://c.example:` + port + `, http://d.example:` + port + ` {
	@d host d.example
	handle @d {
		` + zone("inner") + `
	}
	@other {
		not path /x
		host c.example
	}
	handle_path /docs/* {
		handle @other {
			` + zone("inmost") + `
		}
		handle {
			` + zone("path") + `
		}
	}
	handle {
		` + zone("outer") + `
	}
	handle_errors {
		` + zone("failed") + `
	}
}
http://e.example:` + port + ` {
	invoke shared
}
http://a.example:` + other + ` {
	bind 127.0.0.1 ::1
	` + zone("bound") + `
}`)
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	places := map[string][]string{}
	for _, h := range running.app().handlers {
		name := h.Zones[0].Name
		if _, twice := places[name]; name != "named" {
			require.False(t, twice, name)
		}
		places[name] = h.places
	}
	at, bound := " :"+port, []string{"127.0.0.1:" + other, "[::1]:" + other}
	for name, want := range map[string][]string{
		"two":         {"a.example" + at, "b.example" + at},
		"all":         {":" + port},
		"pattern":     {"*.example.com" + at},
		"placeholder": {"env.example" + at},
		"inner":       {"d.example" + at},
		"inmost":      {"c.example" + at},
		"path":        {"c.example" + at, "d.example" + at},
		"outer":       {"c.example" + at, "d.example" + at},
		"failed":      {"c.example" + at, "d.example" + at},
		"named":       nil,
		"bound":       {"a.example " + bound[0], "a.example " + bound[1]},
	} {
		assert.ElementsMatch(t, want, places[name], name)
	}
}
