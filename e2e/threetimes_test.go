//go:build e2e

package e2e_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// The first answer comes from the application, the next ones from what was kept of it, and all are those of `next start`: with
// middleware (the fixtures, home) and without (blog, shop).
func TestEveryRouteThreeTimesIsAsDirect(t *testing.T) {
	apps := fixtures(t).all()
	for _, a := range nextApps(t).all() {
		build, err := nextbuild.Read(filepath.Join(a.dir, ".next"))
		require.NoError(t, err)
		require.Equal(t, a.zone == "home", build.Middleware != nil)
		apps = append(apps, &fixture{app: a, build: build, book: zones.NewRulebook(build)})
	}
	var sites strings.Builder
	for i, shared := range apps {
		f := *shared // behind an edge of its own, which has kept nothing yet
		port, err := freePort()
		require.NoError(t, err)
		f.edgePort, apps[i] = port, &f
		fmt.Fprintf(&sites, "http://localhost:%d {\n\tnextjs {\n\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n",
			port, f.zone, f.upstream(), f.build.Dir)
	}
	startEdge(t, nil, setup{zones: "zone / " + apps[0].upstream(), sites: sites.String()})
	for _, f := range apps {
		t.Run(f.zone, func(t *testing.T) {
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
						assert.Empty(t, f.compareThreeTimes(t, c.variant, c.target), "%s %s", c.name, c.target)
					}
				})
			}
			for i, target := range f.routes() {
				for j, v := range ways { // in the short form each is asked for as a document, and every other time in the other ways
					if (j == 0 || (i+j)%longOr(2, 1) == 0) && (v.only == nil || v.only(f, target)) {
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

// routes are the paths of pages and route handlers that the build names, but for what does not end and what the edge changes
// (docs/differences.md: redirects that name the upstream, the root of an application with locales).
func (f *fixture) routes() (paths []string) {
	add := func(path string) {
		if path == "/api/leave" || isExample[f.zone] && (strings.HasPrefix(path, "/api/") || path == "/" && f.build.I18n != nil) {
			return
		}
		if f.build.TrailingSlash && !strings.HasSuffix(path, "/") {
			path += "/"
		}
		if path = f.build.BasePath + path; path != "/" && !f.build.TrailingSlash {
			path = strings.TrimSuffix(path, "/")
		}
		paths = append(paths, path)
	}
	for route := range f.build.Routes {
		if !strings.Contains(route, "[") {
			add(route)
		}
	}
	for path := range f.build.Prerenders {
		add(path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// compareThreeTimes asks through the edge three times in a row and says how an answer differs from the application's own. A page may be made
// again in between; then all is asked once more.
func (f *fixture) compareThreeTimes(t *testing.T, v variant, target string) (found []string) {
	t.Helper()
	if v.target != nil {
		target = v.target(f, target)
	}
	headers := v.headers
	for range 3 {
		before := f.ask(t, false, "GET", target, headers...)
		answers := []answer{}
		for range 3 {
			answers = append(answers, f.ask(t, true, "GET", target, headers...))
		}
		found = nil
		for i, through := range answers {
			after := f.ask(t, false, "GET", target, headers...)
			if onPurpose(f, headers, target, through, before) {
				continue
			}
			was := before
			was.Header = before.Header.Clone()
			level(&through, &was, &after)
			for _, difference := range differences(through, after) {
				found = append(found, fmt.Sprintf("answer %d (%s): %s", i+1, through.Header.Get("Cache-Status"), difference))
			}
		}
		if len(found) == 0 {
			return nil
		}
	}
	return found
}
