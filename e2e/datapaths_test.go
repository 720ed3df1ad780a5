//go:build e2e

package e2e_test

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

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// withoutBasePath starts a copy of an application of the example without its basePath.
func withoutBasePath(t *testing.T, a *app, basePath string) *app {
	t.Helper()
	standalone := filepath.Join(a.dir, ".next", "standalone")
	dir, err := os.MkdirTemp(scratch, "rootless-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public", "pages"} {
		if _, err := os.Stat(filepath.Join(standalone, folder)); err == nil {
			require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
		}
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	require.NoError(t, copyFile(filepath.Join(standalone, "package.json"), filepath.Join(dir, "package.json")))
	for _, name := range []string{"server.js", ".next/required-server-files.json"} {
		text, err := os.ReadFile(filepath.Join(standalone, name))
		require.NoError(t, err)
		changed := strings.NewReplacer(`"basePath":"`+basePath+`"`, `"basePath":""`, `"basePath": "`+basePath+`"`, `"basePath": ""`).Replace(string(text))
		require.NotEqual(t, string(text), changed, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600))
	}
	var routes map[string]any
	name := filepath.Join(dir, ".next", "routes-manifest.json")
	readJSON(t, name, &routes)
	routes["basePath"] = ""
	routes["redirects"] = routes["redirects"].([]any)[1:] // the first one is about the slash behind the basePath
	changed, err := json.Marshal(routes)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, changed, 0o600))
	copied := &app{zone: a.zone, dir: dir, server: "server.js", ready: "/"}
	require.NoError(t, copied.start())
	t.Cleanup(copied.kill)
	require.NoError(t, copied.waitUntilReady())
	copied.showLogOnFailure(t)
	return copied
}

// With locales, data has one in its path. Whatever is kept of a page, all other ways to write the path are answered as
// Next.js answers them.
func TestPathsOfDataAnswerAsNextDoes(t *testing.T) {
	shop := nextApps(t).shop
	for basePath, a := range map[string]*app{"/shop": shop, "": withoutBasePath(t, shop, "/shop")} {
		build, err := nextbuild.Read(filepath.Join(a.dir, ".next"))
		require.NoError(t, err)
		require.Equal(t, basePath, build.BasePath)
		e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone shop %s {\n\t\t\tbuild %s\n\t\t}\n", a.upstream(), build.Dir)})
		s := &pageSite{edge: e}
		data := func(path string) string { return basePath + "/_next/data/" + build.ID + "/" + path + ".json" }
		forms := []string{
			"index", "p/gannet", "basket", "en", "de", "fr", "en/index", "de/index", "en/", "en/p/gannet", "de/p/gannet", "DE/p/gannet", "EN/p/gannet",
			"fr/p/gannet", "en/p/absent", "en/de/p/gannet", "de/en/p/gannet", "en/en", "de/en", "en/index/index", "index/index", "en/basket",
		}
		for _, when := range []string{"cold", "warm"} {
			for _, form := range forms {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					direct := rawRequest(t, a.upstream(), method, data(form), e.address(), "", "X-Nextjs-Data", "1")
					through := rawRequest(t, e.address(), method, data(form), e.address(), "", "X-Nextjs-Data", "1")
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s, basePath %q: %s %s", when, basePath, method, form)
					assert.Equal(t, direct.Header["Content-Type"], through.Header["Content-Type"], "%s, basePath %q: %s %s", when, basePath, method, form)
					assert.Equal(t, direct.body, through.body, "%s, basePath %q: %s %s", when, basePath, method, form)
				}
			}
			for _, form := range []string{"en", "de", "en/p/gannet", "de/p/gannet"} {
				s.waitKept(t, data(form), "X-Nextjs-Data", "1")
			}
		}
	}
}

// In an application with middleware, data is answered by the rules of its page. What no matcher looks at is kept, and every path of
// data answers as Next.js answers it, cold and kept.
func TestDataBehindMiddlewareAnswersAsNextDoes(t *testing.T) {
	set := fixtures(t)
	for _, c := range []struct {
		*fixture
		kept, never []string
	}{
		{set.next14, []string{"p/isr/one", "p/isr/new"}, []string{"secret", "p/ssr", "p/auto", "open"}},
		{set.next15, nil, []string{"p/isr/one", "secret", "p/ssr", "private"}},
		{set.next16, nil, []string{"open", "isr", "private"}},
		{set.monorepo, []string{"en/isr", "fr/isr", "en/later/one"}, []string{"en/secret", "fr/secret", "en/private", "fr/private", "en/private/one", "isr", "en/ssr"}},
	} {
		s := &pageSite{edge: startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n", c.zone, c.upstream(), c.build.Dir)})}
		data := func(path string) string { return c.build.BasePath + "/_next/data/" + c.build.ID + "/" + path + ".json" }
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
					ask := func(address string) answer {
						return rawRequest(t, address, http.MethodGet, data(form), s.address(), "", headers...)
					}
					var found []string
					for tries := 0; tries < 2 || len(found) > 0 && tries < 20; tries++ { // what is made anew meanwhile is another
						before, through, after := ask(c.upstream()), ask(s.address()), ask(c.upstream())
						level(&through, &before, &after)
						found = differences(through, after)
					}
					assert.Empty(t, found, "%s, %s: %s %s", c.zone, when, form, cookie)
				}
			}
			for _, form := range c.kept {
				s.waitKept(t, data(form), "X-Nextjs-Data", "1")
			}
		}
		for _, form := range c.kept {
			for _, address := range []string{c.upstream(), s.address()} {
				res := rawRequest(t, address, http.MethodGet, data(form), s.address(), "")
				assert.NotContains(t, headerValue(res, "Cache-Status"), "; hit", "%s: %s, not as the router asks", c.zone, form)
			}
		}
		for _, form := range c.never {
			_, how := s.ask(t, data(form), "X-Nextjs-Data", "1")
			assert.NotEqual(t, "hit", how, "%s: %s", c.zone, form)
		}
	}
}
