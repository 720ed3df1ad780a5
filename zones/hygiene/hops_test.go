package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What Connection names is not seen by anybody, as Next.js does not see it.
func TestDropHops(t *testing.T) {
	for name, c := range map[string]struct {
		connection []string
		left       []string // of RSC, Next-Url, Cookie, Upgrade and Keep-Alive
	}{
		"nothing":          {nil, []string{"Rsc", "Next-Url", "Cookie", "Upgrade", "Keep-Alive"}},
		"close":            {[]string{"close"}, []string{"Rsc", "Next-Url", "Cookie", "Upgrade", "Keep-Alive"}},
		"an upgrade":       {[]string{"keep-alive, Upgrade"}, []string{"Rsc", "Next-Url", "Cookie", "Upgrade", "Keep-Alive"}},
		"one":              {[]string{"RSC"}, []string{"Next-Url", "Cookie", "Upgrade", "Keep-Alive"}},
		"several":          {[]string{"close , rsc,next-url"}, []string{"Cookie", "Upgrade", "Keep-Alive"}},
		"on several lines": {[]string{"close", "next-url", " cookie"}, []string{"Rsc", "Upgrade", "Keep-Alive"}},
		"no names":         {[]string{",, ", "a b"}, []string{"Rsc", "Next-Url", "Cookie", "Upgrade", "Keep-Alive"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Rsc": {"1"}, "Next-Url": {"/"}, "Cookie": {"a=b"}, "Upgrade": {"websocket"}, "Keep-Alive": {"timeout=5"}}
			if c.connection != nil {
				h["Connection"] = c.connection
			}
			DropHops(h)
			delete(h, "Connection")
			var left []string
			for name := range h {
				left = append(left, name)
			}
			assert.ElementsMatch(t, c.left, left)
		})
	}
}
