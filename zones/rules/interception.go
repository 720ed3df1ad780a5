package rules

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// isInterception reports whether a rewrite was made of an intercepting route (generateInterceptionRoutesRewrites in
// next/dist/lib/generate-interception-routes-rewrites.js). It leads from the page's own path to a page of the App
// Router that has a marker in its path, for navigations that come from certain pages.
func isInterception(rule *nextbuild.Rule) bool {
	return len(rule.Has) == 1 && len(rule.Missing) == 0 && readsNextURL(&rule.Has[0]) &&
		strings.Contains(rule.Destination, "/(.")
}

func readsNextURL(c *nextbuild.Condition) bool {
	return c.Type == "header" && http.CanonicalHeaderKey(c.Key) == "Next-Url"
}

// readsMoreThanNextURL reports whether one of the rules looks at something of a request beside Next-Url, which the key
// of a page has.
func readsMoreThanNextURL(rules []rule) bool {
	for i := range rules {
		for j := range rules[i].Has {
			if !readsNextURL(&rules[i].Has[j]) {
				return true
			}
		}
		if len(rules[i].Missing) > 0 {
			return true
		}
	}
	return false
}
