package hygiene

import (
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/zonetest"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

var readBuild, request, devRequest = zonetest.ReadBuild, zonetest.Request, zonetest.DevRequest

type object = buildtest.JSON

// verdictAt is what the rules of a build say of a target, its path written as Next.js reads it.
func verdictAt(b *rules.Set, method, target string) *rules.Verdict {
	path, query, _ := strings.Cut(target, "?")
	r := request(method + " " + path)
	r.URL.RawQuery = query
	return b.Verdict(r, rules.Target{Full: path, AsWritten: true})
}
