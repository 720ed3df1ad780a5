//go:build e2e

package parity_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// The first answer comes from the application, the next ones from what was kept of it, and all are those of `next
// start`: with middleware (the fixtures, home) and without (blog, shop).
func TestEveryRouteThreeTimesIsAsDirect(t *testing.T) {
	apps := harness.Fixtures(t).All()
	for _, a := range harness.NextApps(t).All() {
		build, err := nextbuild.Read(filepath.Join(a.Dir, ".next"))
		require.NoError(t, err)
		require.Equal(t, a.Zone == "home", build.Middleware != nil)
		apps = append(apps, &harness.Fixture{App: a, Build: build, RuleSet: rules.NewSet(build)})
	}
	var sites strings.Builder
	for i, shared := range apps {
		f := *shared // behind an edge of its own, which has kept nothing yet
		port, err := edgetest.FindPort()
		require.NoError(t, err)
		f.EdgePort, apps[i] = port, &f
		fmt.Fprintf(&sites, "http://localhost:%d {\n\tnextjs {\n\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n",
			port, f.Zone, f.Upstream(), f.Build.Dir)
	}
	harness.StartEdge(t, nil, harness.Setup{Zones: "zone / " + apps[0].Upstream(), Sites: sites.String()})
	for _, f := range apps {
		t.Run(f.Zone, func(t *testing.T) {
			ways := slices.DeleteFunc(variants(""), func(v variant) bool {
				return !slices.Contains([]string{"document", "rsc", "data"}, v.name)
			})
			require.Len(t, ways, 3)
			type cell struct {
				variant
				target string
			}
			work := make(chan cell)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for c := range work {
						assert.Empty(t, compareThreeTimes(t, f, c.variant, c.target), "%s %s", c.name, c.target)
					}
				})
			}
			for i, target := range routesOf(f) {
				for j, v := range ways { // in the short form each is asked for as a document, and every other time in the other ways
					if (j == 0 || (i+j)%harness.LongOr(2, 1) == 0) && (v.only == nil || v.only(f, target)) {
						work <- cell{v, target}
					}
				}
			}
			close(work)
			group.Wait()
		})
	}
}

// isExample are the applications whose route handlers are streams.
var isExample = map[string]bool{"home": true, "blog": true, "shop": true}

// routesOf returns the paths of pages and route handlers that the build names, but for what does not end and what the
// edge changes (docs/differences.md: redirects that name the upstream, the root of an application with locales).
func routesOf(f *harness.Fixture) (paths []string) {
	add := func(path string) {
		if path == "/api/leave" || isExample[f.Zone] && (strings.HasPrefix(path, "/api/") || path == "/" && f.Build.I18n != nil) {
			return
		}
		if f.Build.TrailingSlash && !strings.HasSuffix(path, "/") {
			path += "/"
		}
		if path = f.Build.BasePath + path; path != "/" && !f.Build.TrailingSlash {
			path = strings.TrimSuffix(path, "/")
		}
		paths = append(paths, path)
	}
	for route := range f.Build.Routes {
		if !strings.Contains(route, "[") {
			add(route)
		}
	}
	for path := range f.Build.Prerenders {
		add(path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// compareThreeTimes asks through the edge three times in a row and says how an answer differs from the application's
// own. A page may be made again in between; then all is asked once more.
func compareThreeTimes(t *testing.T, f *harness.Fixture, v variant, target string) (found []string) {
	t.Helper()
	if v.target != nil {
		target = v.target(f, target)
	}
	headers := v.headers
	for range 3 {
		before := f.Ask(t, false, "GET", target, headers...)
		answers := []edgetest.Answer{}
		for range 3 {
			answers = append(answers, f.Ask(t, true, "GET", target, headers...))
		}
		found = nil
		for i, through := range answers {
			after := f.Ask(t, false, "GET", target, headers...)
			if onPurpose(f, headers, target, through, before) {
				continue
			}
			was := before
			was.Header = before.Header.Clone()
			harness.Level(&through, &was, &after)
			for _, difference := range harness.Differences(through, after) {
				found = append(found, fmt.Sprintf("answer %d (%s): %s", i+1, through.Header.Get("Cache-Status"), difference))
			}
		}
		if len(found) == 0 {
			return nil
		}
	}
	return found
}
