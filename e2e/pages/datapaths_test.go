//go:build e2e

package pages_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// withoutBasePath starts a copy of an application of the example without its basePath.
func withoutBasePath(t *testing.T, a *harness.App, basePath string) *harness.App {
	t.Helper()
	standalone := filepath.Join(a.Dir, ".next", "standalone")
	dir, err := os.MkdirTemp(harness.Scratch, "rootless-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public", "pages"} {
		if _, err := os.Stat(filepath.Join(standalone, folder)); err == nil {
			require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
		}
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	require.NoError(t, harness.CopyFile(filepath.Join(standalone, "package.json"), filepath.Join(dir, "package.json")))
	for _, name := range []string{"server.js", ".next/required-server-files.json"} {
		text, err := os.ReadFile(filepath.Join(standalone, name))
		require.NoError(t, err)
		changed := strings.NewReplacer(`"basePath":"`+basePath+`"`, `"basePath":""`, `"basePath": "`+basePath+`"`, `"basePath": ""`).Replace(string(text))
		require.NotEqual(t, string(text), changed, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600))
	}
	var routes map[string]any
	name := filepath.Join(dir, ".next", "routes-manifest.json")
	harness.ReadJSON(t, name, &routes)
	routes["basePath"] = ""
	routes["redirects"] = routes["redirects"].([]any)[1:] // the first one is about the slash behind the basePath
	changed, err := json.Marshal(routes)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, changed, 0o600))
	copied := &harness.App{Zone: a.Zone, Dir: dir, Server: "server.js", Ready: "/"}
	copied.Serve(t)
	return copied
}

// With locales, data has one in its path. Whatever is kept of a page, all other ways to write the path are answered as
// Next.js answers them.
func TestPathsOfDataAnswerAsNextDoes(t *testing.T) {
	shop := harness.NextApps(t).Shop
	for basePath, a := range map[string]*harness.App{"/shop": shop, "": withoutBasePath(t, shop, "/shop")} {
		build, err := nextbuild.Read(filepath.Join(a.Dir, ".next"))
		require.NoError(t, err)
		require.Equal(t, basePath, build.BasePath)
		e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone shop %s {\n\t\t\tbuild %s\n\t\t}\n",
			a.Upstream(), build.Dir)})
		s := &harness.PageSite{Edge: e}
		data := func(path string) string { return basePath + "/_next/data/" + build.ID + "/" + path + ".json" }
		forms := []string{
			"index", "p/gannet", "basket", "en", "de", "fr", "en/index", "de/index", "en/", "en/p/gannet", "de/p/gannet", "DE/p/gannet", "EN/p/gannet",
			"fr/p/gannet", "en/p/absent", "en/de/p/gannet", "de/en/p/gannet", "en/en", "de/en", "en/index/index", "index/index", "en/basket",
		}
		for _, when := range []string{"cold", "warm"} {
			for _, form := range forms {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					direct := harness.RawRequest(t, a.Upstream(), method, data(form), e.Address(), "", "X-Nextjs-Data", "1")
					through := harness.RawRequest(t, e.Address(), method, data(form), e.Address(), "", "X-Nextjs-Data", "1")
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s, basePath %q: %s %s", when, basePath, method, form)
					assert.Equal(t, direct.Header["Content-Type"], through.Header["Content-Type"], "%s, basePath %q: %s %s", when, basePath, method, form)
					assert.Equal(t, direct.Text, through.Text, "%s, basePath %q: %s %s", when, basePath, method, form)
				}
			}
			for _, form := range []string{"en", "de", "en/p/gannet", "de/p/gannet"} {
				s.WaitKept(t, data(form), "X-Nextjs-Data", "1")
			}
		}
	}
}

// In an application with middleware, data is answered by the rules of its page. What no matcher looks at is kept, and
// every path of data answers as Next.js answers it, cold and kept.
func TestDataBehindMiddlewareAnswersAsNextDoes(t *testing.T) {
	set := harness.Fixtures(t)
	for _, c := range []struct {
		*harness.Fixture
		kept, never []string
	}{
		{set.Next14, []string{"p/isr/one", "p/isr/new"}, []string{"secret", "p/ssr", "p/auto", "open"}},
		{set.Next15, nil, []string{"p/isr/one", "secret", "p/ssr", "private"}},
		{set.Next16, nil, []string{"open", "isr", "private"}},
		{set.Monorepo, []string{"en/isr", "fr/isr", "en/later/one"}, []string{
			"en/secret", "fr/secret", "en/private",
			"fr/private", "en/private/one", "isr", "en/ssr",
		}},
	} {
		s := &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n", c.Zone, c.Upstream(), c.Build.Dir)})}
		data := func(path string) string { return c.Build.BasePath + "/_next/data/" + c.Build.ID + "/" + path + ".json" }
		forms := append([]string{
			"index", "index/index", "moved", "en/moved", "old/shoe", "fr/old/shoe", "alias/one", "en/alias/one", "after", "en/after", "late/x", "en/late/x", "before", "en/before",
			"plain.txt", "en/plain.txt", "items/one", "en/items/one", "fr/items/one", "items/nobody", "en/items/nobody", "p/auto", "open", "en/open", "fr/open", "no-such-page",
			"en", "fr", "de", "en/fr", "en/index", "p/isr/one/", "private.txt", "en/private.txt", "mw/rewrite", "mw/redirect", "mw/header", "api/echo", "en/docs/a/b",
		}, append(c.kept, c.never...)...)
		for _, when := range []string{"cold", "warm"} {
			for _, form := range forms {
				for _, cookie := range []string{"", "pass=1"} {
					headers := []string{"X-Nextjs-Data", "1"}
					if cookie != "" {
						headers = append(headers, "Cookie", cookie)
					}
					ask := func(address string) edgetest.Answer {
						return harness.RawRequest(t, address, http.MethodGet, data(form), s.Address(), "", headers...)
					}
					var found []string
					for tries := 0; tries < 2 || len(found) > 0 && tries < 20; tries++ { // what is made anew meanwhile is another
						before, through, after := ask(c.Upstream()), ask(s.Address()), ask(c.Upstream())
						harness.Level(&through, &before, &after)
						found = harness.Differences(through, after)
					}
					assert.Empty(t, found, "%s, %s: %s %s", c.Zone, when, form, cookie)
				}
			}
			for _, form := range c.kept {
				s.WaitKept(t, data(form), "X-Nextjs-Data", "1")
			}
		}
		for _, form := range c.kept {
			for _, address := range []string{c.Upstream(), s.Address()} {
				res := harness.RawRequest(t, address, http.MethodGet, data(form), s.Address(), "")
				assert.NotContains(t, harness.HeaderValue(res, "Cache-Status"), "; hit", "%s: %s, not as the router asks", c.Zone,
					form)
			}
		}
		for _, form := range c.never {
			_, how := s.Ask(t, data(form), "X-Nextjs-Data", "1")
			assert.NotEqual(t, "hit", how, "%s: %s", c.Zone, form)
		}
	}
}
