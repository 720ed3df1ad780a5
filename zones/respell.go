package zones

import (
	"net/url"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// RespellRequest gives a request the path that Respell returns, when the zone's build has middleware or is not known,
// and returns the match with it.
func RespellRequest(u *url.URL, m Match, ruleSet *rules.Set) Match {
	if ruleSet != nil && !ruleSet.HasMiddleware() {
		return m
	}
	path := spelling.EscapedPath(u)
	plain, changed := spelling.Respell(path)
	if !changed {
		return m
	}
	u.RawPath = plain
	m.Path, _ = spelling.Respell(m.Path)
	m.Full, _ = spelling.Respell(m.Full)
	return m
}
