//go:build e2e

package pages_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

const suiteIntroduction = `# The public HTTP cache tests

What the page cache makes of [http-cache-tests](https://github.com/http-tests/cache-tests) %s, the tests behind [cache-tests.fyi](https://cache-tests.fyi), as a shared cache: a site with
` + "`cache`" + ` and a zone without ` + "`build`" + `, whose upstream is the origin of the suite. ` + "`TestPublicHTTPCacheTests`" + ` runs all of them in ` + "`make test`" + ` and writes this page (` + "`E2E_UPDATE=1`" + `); it fails
where a result is not the one below. The client of the suite asks for nothing compressed, and the ` + "`Accept-Encoding`" + ` that the edge's compression adds to ` + "`Vary`" + ` is taken off before it compares.

The suite's words: a *required* test is one where a failure "likely indicates a specification conformance problem", an *optimal* one where a cache could have used what it has, a *check* asks how a cache
behaves, with no right answer. *Not applicable* are tests that stand on another one which is not met, or whose setting this cache does not get into.

`

// suiteDoc is the page on the results.
func suiteDoc(t *testing.T, dir string, tests []*suiteTest) string {
	t.Helper()
	var installed struct{ Version string }
	harness.ReadJSON(t, filepath.Join(dir, "node_modules", "http-cache-tests", "package.json"), &installed)
	require.NotEmpty(t, installed.Version)
	var page strings.Builder
	fmt.Fprintf(&page, suiteIntroduction, installed.Version)

	page.WriteString("| group | required: met | not met | optimal: met | not met | checks: yes | no | not applicable |\n|---|---|---|---|---|---|---|---|\n")
	type counts struct {
		name                                   string
		met, unmet, best, less, yes, no, apart int
	}
	total, groups, order := &counts{name: "**all**"}, map[string]*counts{}, []*counts{}
	for _, test := range tests {
		group := groups[test.Group]
		if group == nil {
			group = &counts{name: strings.Replace(test.GroupName, "Respon"+"es", "Responses", 1)} // as it was meant
			groups[test.Group], order = group, append(order, group)
		}
		for _, c := range []*counts{group, total} {
			count := map[string]*int{
				"required pass": &c.met, "required fail": &c.unmet, "optimal pass": &c.best, "optimal not optimal": &c.less, "check yes": &c.yes, "check no": &c.no,
			}[test.Kind+" "+test.Result]
			if count == nil {
				count = &c.apart
			}
			*count++
		}
	}
	for _, c := range append(order, total) {
		fmt.Fprintf(&page, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", c.name, c.met, c.unmet, c.best, c.less, c.yes, c.no, c.apart)
	}

	page.WriteString("\n## What is not as the suite would have it, and why\n\n| tests | how many | result | why |\n|---|---|---|---|\n")
	for i := range suiteDeviations {
		d := &suiteDeviations[i]
		count := 0
		for _, test := range tests {
			if !test.good() && test.deviation() == d {
				count++
			}
		}
		fmt.Fprintf(&page, "| `%s` | %d | %s | %s |\n", strings.ReplaceAll(d.tests, " ", "` `"), count, d.result, d.why)
	}
	fmt.Fprintf(&page, "\nThe others that are not applicable stand on one of these.\n")
	return page.String()
}
