//go:build e2e

package pages_test

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// startPartial starts the fixture with partial prerendering, and an edge before it.
func startPartial(t *testing.T) (*harness.App, *harness.Edge) {
	t.Helper()
	a := &harness.App{Zone: "partial", Dir: filepath.Join(harness.Repository(), "e2e", "fixtures", "partial"), Ready: "/"}
	a.Serve(t)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone partial %s {\n\t\t\tbuild %s\n\t\t}\n",
		a.Upstream(), filepath.Join(a.Dir, ".next", "standalone"))})
	return a, e
}

// Of a page that is prerendered in part, what is the same for all comes from the edge, and the rest from Next.js each
// time, in every variant as without the edge.
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
				target = harness.WithItsRSC(t, a, path, headers)
			}
			var found []string
			for tries := 0; tries < 4 || len(found) > 0 && tries < 20; tries++ { // a build of an hour ago is stale at first
				before := edgetest.Get(t, edgetest.PlainClient(t), a.URL(target), headers...)
				through := edgetest.Get(t, edgetest.PlainClient(t), e.URL(target), headers...)
				after := edgetest.Get(t, edgetest.PlainClient(t), a.URL(target), headers...)
				harness.Level(&through, &before, &after)
				found = harness.Differences(through, after) // an item that was not there is being made by the first requests
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

// Pages of which nothing is left to resume are kept once, whatever query and host a visitor comes by, in every variant,
// and Next.js is told nothing of the query. Of the others it is told all.
func TestCompletePagesOfCacheComponentsAreKeptOnce(t *testing.T) {
	a, _ := startPartial(t)
	door := harness.StartDoor(t, a)
	s := &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{
		Global: harness.BehindCDN,
		Zones: fmt.Sprintf("\t\tzone partial %s {\n\t\t\tbuild %s\n\t\t}\n",
			door.Upstream(), filepath.Join(a.Dir, ".next", "standalone")),
	}), Door: door}
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
				first = harness.WithItsRSC(t, a, first, headers)
			}
			s.WaitKept(t, first, headers...)
			for _, host := range []string{"one.example.test", "two.example.test"} {
				target := path + "?utm_source=" + host
				if headers != nil {
					target = harness.WithItsRSC(t, a, target, headers)
				}
				through, how := s.Ask(t, target, append(headers, "X-Forwarded-Host", host)...)
				assert.Equal(t, "hit", how, "%s for %s", what, host)
				direct := edgetest.Get(t, edgetest.PlainClient(t), a.URL(target), headers...)
				assert.Equal(t, direct.Text, through.Text, what)
				assert.Equal(t, direct.StatusCode, through.StatusCode, what)
				assert.Equal(t, harness.HeaderValue(direct, "X-Nextjs-Postponed"), harness.HeaderValue(through,
					"X-Nextjs-Postponed"), what)
			}
		}
		assert.Zero(t, door.Count(path+"?utm"), "Next.js is not told the query of %s", path)
	}
	for _, path := range []string{"/mixed", "/dynamic", "/items/" + fmt.Sprint(time.Now().UnixNano())} {
		for range 2 {
			_, how := s.Ask(t, path+"?utm_source=first")
			assert.NotEqual(t, "hit", how, path)
		}
		assert.NotZero(t, door.Count(path+"?utm_source=first"), path)
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
		res, err := edgetest.PlainClient(t).Do(edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet,
			e.URL("/mixed"), nil, headers...))
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
