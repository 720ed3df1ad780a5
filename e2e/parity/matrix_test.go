//go:build e2e

package parity_test

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// variant is a way to ask for a path.
type variant struct {
	name, method, body string
	headers            []string
	// target changes what is asked for; nil leaves it.
	target func(f *harness.Fixture, target string) string
	// only limits the variant to targets for which it says yes; nil: all.
	only func(f *harness.Fixture, target string) bool
}

func isPage(_ *harness.Fixture, target string) bool {
	target, _, _ = strings.Cut(target, "?")
	return !strings.Contains(target, "/_next/") && path.Ext(strings.TrimSuffix(target, "/")) == ""
}

// variants are the columns of the matrix. draft is the cookie that turns on draft mode in the application's build.
func variants(draft string) []variant {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	return []variant{
		{name: "document"},
		{name: "rsc", headers: []string{"RSC", "1"}, target: withRSC("")},
		{name: "prefetch", headers: []string{"RSC", "1", "Next-Router-Prefetch", "1"}, target: withRSC("bl95g"), only: isPage},
		{name: "segment", headers: []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}, target: withRSC("1r34m"), only: isPage},
		{name: "data", headers: []string{"X-Nextjs-Data", "1"}, target: dataOf, only: isPage},
		{name: "head", method: http.MethodHead},
		{name: "range", headers: []string{"Range", "bytes=2-5"}},
		{name: "post", method: http.MethodPost, body: "a=b&c=d", headers: form},
		{name: "put", method: http.MethodPut, body: "{}", headers: []string{"Content-Type", "application/json"}},
		{name: "delete", method: http.MethodDelete},
		{name: "draft", headers: []string{"Cookie", draft}, only: isPage},
		{name: "french", headers: []string{"Accept-Language", "fr"}, only: isPage},
		{name: "french by cookie", headers: []string{"Cookie", "NEXT_LOCALE=fr"}, only: isPage},
		{name: "with a pass", headers: []string{"Cookie", "pass=1"}},
	}
}

// withRSC adds the _rsc parameter of the variant's headers, which Next.js 16 asks for by a redirect.
func withRSC(hash string) func(*harness.Fixture, string) string {
	return func(_ *harness.Fixture, target string) string {
		if strings.Contains(target, "?") {
			return target + "&_rsc=" + hash
		}
		return target + "?_rsc=" + hash
	}
}

// dataOf returns the path of the data of a page.
func dataOf(f *harness.Fixture, target string) string {
	page, query, _ := strings.Cut(target, "?")
	below := strings.TrimSuffix(strings.TrimPrefix(page, f.Build.BasePath), "/")
	if below == "" {
		below = "/index"
	}
	return strings.TrimSuffix(f.Build.BasePath+"/_next/data/"+f.Build.ID+below+".json?"+query, "?")
}

// onPurpose are the differences that docs/differences.md gives the reasons for.
func onPurpose(f *harness.Fixture, headers []string, target string, through, direct edgetest.Answer) bool {
	path, query, _ := strings.Cut(target, "?")
	switch {
	case slices.Contains(headers, "Next-Url"):
		return true // without RSC the edge removes it, with RSC it makes another _rsc
	case through.StatusCode == http.StatusNotFound && (strings.HasSuffix(path, ".rsc") || strings.Contains(path, ".segments/")):
		return true // refused
	case through.StatusCode == http.StatusNotFound && evades(f, target):
		return true // refused
	case direct.StatusCode == http.StatusTemporaryRedirect && strings.Contains(query, "_rsc=") && strings.Contains(direct.Header.Get("Location"), "_rsc"):
		return true // answered instead of redirected
	case through.StatusCode == http.StatusPartialContent && direct.StatusCode == http.StatusOK && strings.Contains(through.Header.Get("Cache-Status"), "; hit"):
		return true // a part of a kept page
	case through.StatusCode == http.StatusMethodNotAllowed && through.Header.Get("Allow") == "GET, HEAD" &&
		harness.HeaderValue(direct, "Allow") == "GET | HEAD":
		return true // a file that is answered by the edge: TestNobodyWritesToFiles
	case through.StatusCode == http.StatusNoContent && slices.Contains(headers, "Next-Router-Segment-Prefetch") && direct.Header.Get("Location") != "":
		return true // a prefetch that is redirected: TestPrefetchesThatAreRedirectedAreEmpty
	case strings.HasSuffix(path, "/api/leave") || strings.HasSuffix(path, "/api/leave.json"):
		return true // it names the upstream: TestRedirectsOfRouteHandlersStayOnTheSite
	case path == "/api/stored" && direct.Header.Get("X-Nextjs-Cache") == "HIT" && through.Header["Set-Cookie"] == nil:
		return true // a stored cookie: TestACookieOfOneVisitorIsNotGivenToOthers
	}
	return false
}

// Every route of the fixtures, asked for in every way, is answered through the edge as without it.
func TestEveryRouteInEveryWayIsAsDirect(t *testing.T) {
	for _, f := range harness.Fixtures(t).All() {
		t.Run(f.Zone, func(t *testing.T) {
			type cell struct {
				variant
				harness.Asked
			}
			var cells []cell
			for i, request := range requestsOf(f) {
				if strings.Contains(request.Target, "/chunks/") && len(request.Target)%8 != 0 {
					continue // one file of many is like the other
				}
				for j, v := range variants(f.PreviewCookie(t)) {
					if (i+j)%harness.LongOr(2, 1) != 0 {
						continue
					}
					if v.only == nil || v.only(f, request.Target) {
						cells = append(cells, cell{v, request})
					}
				}
			}
			work := make(chan cell)
			var group sync.WaitGroup
			var mu sync.Mutex
			compared, varying := 0, map[string]bool{}
			for range 4 {
				group.Go(func() {
					for c := range work {
						found, varies := compareVariant(t, f, c.variant, c.Asked)
						mu.Lock()
						compared++
						if varies {
							varying[c.Target] = true
						}
						mu.Unlock()
						if len(found) > 0 {
							assert.Fail(t, "through the edge it differs", "%s %s %q: %s", c.name, c.Target, c.Headers,
								strings.Join(found, "\n\t"))
						}
					}
				})
			}
			for _, c := range cells {
				work <- c
			}
			close(work)
			group.Wait()
			t.Logf("%d answers compared; the bodies of %d paths change from request to request", compared, len(varying))
		})
	}
}

// compareVariant asks through the edge and directly, and returns what differs. Answers that differ by themselves from
// request to request, in a header or their body, are compared without that.
func compareVariant(t testing.TB, f *harness.Fixture, v variant, request harness.Asked) (found []string, varies bool) {
	t.Helper()
	target := request.Target
	if v.target != nil {
		target = v.target(f, target)
	}
	method := v.method
	if method == "" {
		method = http.MethodGet
	}
	headers := slices.Concat(v.headers, request.Headers)
	if path, query, hasQuery := strings.Cut(target, "?"); f.Build.Middleware != nil {
		// So the edge passes it on.
		if target, _ = spelling.Respell(path); hasQuery {
			target += "?" + query
		}
	}
	ask := func(through bool, more ...string) edgetest.Answer {
		address := f.Upstream()
		if through {
			address = f.Host()
		}
		return harness.RawRequest(t, address, method, target, f.Host(), v.body, slices.Concat(headers, more)...)
	}
	for attempt := range time.Duration(4) {
		time.Sleep(attempt * attempt * 200 * time.Millisecond) // the edge learns a moment later that a page is made again
		before := ask(false)
		through := ask(true)
		after := ask(false)
		if onPurpose(f, headers, target, through, before) {
			return nil, false
		}
		varies = harness.Level(&through, &before, &after)
		if found = harness.Differences(through, after); len(found) > 0 {
			continue // a page may have been made again in between
		}
		if etag := after.Header.Get("Etag"); etag != "" && v.name == "document" {
			through, direct := ask(true, "If-None-Match", etag), ask(false, "If-None-Match", etag)
			if direct.StatusCode == http.StatusNotModified {
				// Go sends the least that RFC 9110, 15.4.5 asks for; of files, Next.js sends more or less from version
				// to version.
				for _, name := range []string{"Content-Type", "Accept-Ranges", "Last-Modified", "Cache-Control", "Content-Security-Policy-Report-Only", "X-File"} {
					through.Header.Del(name)
					direct.Header.Del(name)
				}
			}
			if found = harness.Differences(through, direct); direct.StatusCode == http.StatusNotModified && after.StatusCode != http.StatusOK && through.StatusCode == after.StatusCode {
				found = nil // docs/differences.md: it is kept, and no 200
			}
		}
		if len(found) == 0 {
			return nil, varies
		}
	}
	return found, varies
}

// evades reports whether the edge refuses a target because it leads past middleware.
func evades(f *harness.Fixture, target string) bool {
	rawPath, query, _ := strings.Cut(target, "?")
	m, ok := f.Match(&url.URL{RawPath: rawPath, RawQuery: query})
	return ok && f.RuleSet.Evades(m.Full, query)
}
