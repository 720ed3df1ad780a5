package fleet

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
)

func TestSettingsOfDeployments(t *testing.T) {
	var none Settings
	assert.Equal(t, 5, none.KeptDeployments())
	assert.Equal(t, 24*time.Hour, none.DeploymentMaxAge())
	name, onAll := none.PinCookieOf("shop")
	assert.Equal(t, []any{"nextjs_deployment_shop", false}, []any{name, onAll})

	said := Settings{Keep: 2, MaxAge: caddy.Duration(time.Hour), PinCookie: "all"}
	assert.NoError(t, said.Check())
	assert.Equal(t, 2, said.KeptDeployments())
	assert.Equal(t, time.Hour, said.DeploymentMaxAge())
	name, onAll = said.PinCookieOf("shop")
	assert.Equal(t, []any{"nextjs_deployment_shop", true}, []any{name, onAll})

	name, onAll = Settings{PinCookie: "off"}.PinCookieOf("shop")
	assert.Equal(t, []any{"", false}, []any{name, onAll})

	for message, wrong := range map[string]Settings{
		"keep must not be negative":                        {Keep: -1},
		"max_age must not be negative":                     {MaxAge: -1},
		`pin_cookie takes on, all, off, found "sometimes"`: {PinCookie: "sometimes"},
	} {
		assert.EqualError(t, wrong.Check(), message)
	}
}
