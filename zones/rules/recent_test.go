package rules

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// What is remembered of paths is bounded by their own length, whatever else their requests have brought.
func TestRecentVerdictsHoldNoRequests(t *testing.T) {
	build := func(config buildtest.JSON) *Set {
		return NewSet(readBuild(t, buildtest.Build{
			Config: config,
			Pages:  map[string]string{"/items/[id]": ""},
			Routes: buildtest.JSON{
				"dynamicRoutes": []any{
					buildtest.JSON{"page": "/items/[id]", "regex": "^/items/([^/]+?)(?:/)?$"},
				},
				"redirects": []any{buildtest.JSON{
					"source": "/old/:id", "destination": "/:id", "regex": "^/old/([^/]+?)(?:/)?$", "statusCode": 308,
				}},
				"rewrites": buildtest.JSON{"beforeFiles": []any{}, "fallback": []any{}, "afterFiles": []any{
					buildtest.JSON{"source": "/things/:id", "destination": "/items/:id", "regex": "^/things/([^/]+?)(?:/)?$"},
				}},
			},
		}))
	}
	for name, ruleSet := range map[string]*Set{
		"plain":   build(nil),
		"locales": build(buildtest.JSON{"i18n": buildtest.JSON{"locales": []any{"en", "de"}, "defaultLocale": "en"}}),
	} {
		long := "/items/" + strings.Repeat("i", maxRecentPath/2)
		for _, path := range []string{"/items/", "/old/", "/things/", "/de/items/", long} {
			edge := 0
			grown := heaptest.Growth(func() {
				for i := range maxRecent * 3 / 2 {
					r := heaptest.Request(path+strconv.Itoa(i), "")
					target := targetOf(spelling.EscapedPath(r.URL))
					if ruleSet.Verdict(r, target).Edge() || ruleSet.verdictOf(target.Full).Edge() {
						edge++
					}
					if i%2 == 0 { // those that are asked for again are kept anew
						_ = ruleSet.Verdict(r, Target{Full: path + strconv.Itoa(i/2), AsWritten: true})
					}
				}
			})
			assert.Less(t, grown, int64(8<<20), "%s %.20s", name, path)
			if name == "plain" && !strings.HasPrefix(path, "/de") {
				assert.Positive(t, edge, "%s is remembered", path)
			}
		}
		runtime.KeepAlive(ruleSet)
	}
}
