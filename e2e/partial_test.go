//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startPartial starts the fixture with partial prerendering, and an edge before it.
func startPartial(t *testing.T) (*app, *edge) {
	t.Helper()
	a := &app{zone: "partial", dir: filepath.Join(repository(), "e2e", "fixtures", "partial"), ready: "/"}
	require.NoError(t, a.start())
	t.Cleanup(a.kill)
	require.NoError(t, a.waitUntilReady())
	a.showLogOnFailure(t)
	e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone partial %s {\n\t\t\tbuild %s\n\t\t}\n", a.upstream(), filepath.Join(a.dir, ".next", "standalone"))})
	return a, e
}

// withItsRSC is the target with the _rsc parameter that Next.js wants for the headers, which it says itself.
func withItsRSC(t testing.TB, a *app, path string, headers []string) string {
	t.Helper()
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	res := get(t, plainClient(t), a.url(path+mark+"_rsc=x"), headers...)
	if res.StatusCode != http.StatusTemporaryRedirect {
		return path
	}
	location, err := url.Parse(res.Header.Get("Location"))
	require.NoError(t, err)
	return location.RequestURI()
}

// Of a page that is prerendered in part, what is the same for all comes from the edge, and the rest from Next.js each time, in every variant as without the edge.
func TestPartialPrerendering(t *testing.T) {
	a, e := startPartial(t)
	rsc := []string{"RSC", "1"}
	prefetch := append(rsc, "Next-Router-Prefetch", "1")
	kept := map[string]bool{}
	for _, path := range []string{"/", "/cached", "/mixed", "/dynamic", "/items/one", "/items/two"} {
		for name, headers := range map[string][]string{
			"document": nil,
			"rsc":      rsc,
			"prefetch": prefetch,
			"runtime":  append(rsc, "Next-Router-Prefetch", "2"),
			"tree":     append(prefetch, "Next-Router-Segment-Prefetch", "/_tree"),
			"full":     append(prefetch, "Next-Router-Segment-Prefetch", "/_full"),
			"absent":   append(prefetch, "Next-Router-Segment-Prefetch", "/_nothing"),
		} {
			target := path
			if headers != nil {
				target = withItsRSC(t, a, path, headers)
			}
			var found []string
			for tries := 0; tries < 4 || len(found) > 0 && tries < 20; tries++ { // a build of an hour ago is stale at first
				before := get(t, plainClient(t), a.url(target), headers...)
				through := get(t, plainClient(t), e.url(target), headers...)
				after := get(t, plainClient(t), a.url(target), headers...)
				level(&through, &before, &after)
				found = differences(through, after) // an item that was not there is being made by the first requests
				if strings.Contains(through.Header.Get("Cache-Status"), "; hit") {
					kept[name+" "+path] = true
				}
			}
			assert.Empty(t, found, "%s of %s", name, path)
		}
	}
	for _, want := range []string{"document /", "document /cached", "document /items/one", "rsc /", "rsc /cached", "tree /", "tree /mixed", "prefetch /cached"} {
		assert.True(t, kept[want], "%s is kept: %v", want, kept)
	}
	for _, never := range []string{"document /mixed", "rsc /mixed", "document /dynamic", "rsc /dynamic", "absent /mixed"} {
		assert.False(t, kept[never], never)
	}
}

// Pages of which nothing is left to resume are kept once, whatever query and host a visitor comes by, in every variant, and Next.js
// is told nothing of the query. Of the others it is told all.
func TestCompletePagesOfCacheComponentsAreKeptOnce(t *testing.T) {
	a, _ := startPartial(t)
	door := startDoor(t, a)
	s := &pageSite{startEdge(t, nil, setup{global: behindCDN, zones: fmt.Sprintf("\t\tzone partial %s {\n\t\t\tbuild %s\n\t\t}\n",
		door.upstream(), filepath.Join(a.dir, ".next", "standalone"))}), door}
	rsc := []string{"RSC", "1"}
	prefetch := append(rsc, "Next-Router-Prefetch", "1")
	variants := map[string][]string{
		"document": nil, "rsc": rsc, "prefetch": prefetch,
		"tree": append(prefetch, "Next-Router-Segment-Prefetch", "/_tree"),
		"full": append(prefetch, "Next-Router-Segment-Prefetch", "/_full"),
	}
	for _, path := range []string{"/", "/cached", "/items/one"} {
		for name, headers := range variants {
			what := name + " " + path
			first := path + "?utm_source=first"
			if headers != nil {
				first = withItsRSC(t, a, first, headers)
			}
			s.waitKept(t, first, headers...)
			for _, host := range []string{"one.example.test", "two.example.test"} {
				target := path + "?utm_source=" + host
				if headers != nil {
					target = withItsRSC(t, a, target, headers)
				}
				through, how := s.ask(t, target, append(headers, "X-Forwarded-Host", host)...)
				assert.Equal(t, "hit", how, "%s for %s", what, host)
				direct := get(t, plainClient(t), a.url(target), headers...)
				assert.Equal(t, direct.body, through.body, what)
				assert.Equal(t, direct.StatusCode, through.StatusCode, what)
				assert.Equal(t, headerValue(direct, "X-Nextjs-Postponed"), headerValue(through, "X-Nextjs-Postponed"), what)
			}
		}
		assert.Zero(t, door.count(path+"?utm"), "Next.js is not told the query of %s", path)
	}
	for _, path := range []string{"/mixed", "/dynamic", "/items/" + fmt.Sprint(time.Now().UnixNano())} {
		for range 2 {
			_, how := s.ask(t, path+"?utm_source=first")
			assert.NotEqual(t, "hit", how, path)
		}
		assert.NotZero(t, door.count(path+"?utm_source=first"), path)
	}
}

// The shell of a page comes at once, and what follows it is for one visitor.
func TestAShellComesAtOnceAndItsRestIsForOneVisitor(t *testing.T) {
	_, e := startPartial(t)
	for _, name := range []string{"Ada", "Grace", ""} {
		var headers []string
		want := "nobody"
		if name != "" {
			headers, want = []string{"Cookie", "name=" + name}, name
		}
		res, err := plainClient(t).Do(request(t, within(t, patience), http.MethodGet, e.url("/mixed"), nil, headers...))
		require.NoError(t, err)
		reader := bufio.NewReader(res.Body)
		shell, err := reader.Peek(1)
		require.NoError(t, err)
		require.NotEmpty(t, shell)
		first := make([]byte, reader.Buffered())
		_, err = reader.Read(first)
		require.NoError(t, err)
		assert.Contains(t, string(first), "<h1>Mixed</h1>")
		assert.NotContains(t, string(first), "Hello", "it does not wait for the rest")
		var rest strings.Builder
		_, err = reader.WriteTo(&rest)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Contains(t, strings.ReplaceAll(rest.String(), "<!-- -->", ""), "Hello, "+want+".")
	}
}
