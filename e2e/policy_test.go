//go:build e2e

package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering is the path of the next16 fixture that answers with a status and headers of choice.
func answering(status string, headers ...string) string {
	query := url.Values{"status": {status}}
	for i := 0; i < len(headers); i += 2 {
		query.Set(headers[i], headers[i+1])
	}
	return "/api/answer?" + query.Encode()
}

// Each class of docs/caching.md, as Next.js marks it and as the edge does.
func TestWhoMayKeepWhat(t *testing.T) {
	set := fixtures(t)
	rsc := []string{"RSC", "1"}
	prefetch := []string{"RSC", "1", "Next-Router-Prefetch", "1"}
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	forged := []string{"Cookie", "__prerender_bypass=forged"}
	pass := []string{"Cookie", "pass=1"}
	const year = "s-maxage=31536000"
	for _, c := range []struct {
		class string
		*fixture
		target  string
		headers []string
		direct  string // "" is no Cache-Control
		through string
	}{
		{"page", set.next14, "/open", nil, year + ", stale-while-revalidate", sharedYear},
		{"page", set.next15, "/open/", nil, year, sharedYear},
		{"page", set.next16, "/open", nil, year, sharedYear},
		{"page, revalidated, of the Pages Router", set.monorepo, "/fr", nil, year, sharedYear},
		{"payload", set.next14, "/open?_rsc=", rsc, year + ", stale-while-revalidate", sharedYear},
		{"payload", set.next16, "/open?_rsc=", rsc, year, sharedYear},
		{"prefetch", set.next16, "/open?_rsc=bl95g", prefetch, year, sharedYear},
		{"segment", set.next16, "/open?_rsc=1r34m", segment, year, sharedYear},
		{"data", set.monorepo, "/_next/data/" + set.monorepo.build.ID + "/fr.json", nil, year, sharedYear},
		{"not found, prerendered", set.next14, "/absent", nil, year + ", stale-while-revalidate", ""},
		{"not found, prerendered", set.next15, "/absent/", nil, year, ""},
		{"not found, prerendered", set.next16, "/absent", nil, year, ""},
		{"redirect, prerendered", set.next15, "/leave/", nil, year, sharedYear},
		{"route handler, prerendered", set.next16, "/api/static", nil, year, sharedYear},
		{"page behind middleware", set.next16, "/private", pass, year, sharedYear},

		{"repaired", set.next15, "/open/?_rsc=wrong", rsc, year, "private, no-store"},
		{"cookie", set.next14, "/open", forged, year + ", stale-while-revalidate", madeForOne},
		{"cookie", set.next15, "/open/", forged, year, madeForOne},
		{"cookie", set.next16, "/open", forged, year, madeForOne},
		{"cookie, of an application", set.next16, answering("200", "Cache-Control", "public, max-age=60, s-maxage=600", "Set-Cookie", "a=b"), nil, "public, max-age=60, s-maxage=600", "private, max-age=60"},
		{"server error, prerendered", set.next16, "/_global-error", nil, year, "no-store"},
		{"server error, of an application", set.next16, answering("503", "Cache-Control", "public, max-age=60"), nil, "public, max-age=60", "no-store"},
		{"language", set.monorepo, "", nil, year, madeForOne},

		{"unmarked, cookie", set.next16, "/draft/enable", nil, "", "no-store"},
		{"unmarked, error of middleware", set.next16, "/private", nil, "", "no-store"},
		{"unmarked, error of the optimizer", set.next14, "/_next/image?w=1", nil, "", "no-store"},
		{"unmarked, error of the optimizer", set.next16, "/_next/image?w=1", nil, "", "no-store"},
		{"unmarked, error of an application", set.next16, answering("404"), nil, "", "no-store"},
		{"unmarked, edge runtime", set.next16, "/edge", nil, "", "no-store"},
		{"unmarked, payload", set.monorepo, "/open?_rsc=", rsc, "", "no-store"},

		{"unmarked route handler", set.next16, "/api/echo", nil, "", ""},
		{"unmarked prerendered route handler", set.next14, "/api/static", nil, "", ""},
		{"unmarked redirect", set.next16, "/moved", nil, "", ""},
		{"unmarked page without data", set.next15, "/p/auto/", nil, "", ""},
		{"made for one", set.next16, "/dynamic", nil, madeForOne, madeForOne},
		{"not found", set.next16, "/no-such-page", nil, madeForOne, madeForOne},
		{"no file", set.next16, "/_next/static/chunks/none.js", nil, madeForOne, madeForOne},
		{"public file that Next.js answers", set.next16, "/private.txt", pass, publicFile, publicFile},
		{"public file", set.next14, "/plain.txt", nil, publicFile, publicFile},
		{"public file", set.next15, "/plain.txt", nil, publicFile, publicFile},
		{"public file", set.next16, "/plain.txt", nil, publicFile, publicFile},
		{"file with headers()", set.next16, "/files/notes.txt", nil, "public, max-age=600", "public, max-age=600"},
		{"metadata", set.next16, "/robots.txt", nil, askFirst, askFirst},
		{"picture", set.next14, "/_next/image?url=%2Fphoto.jpg&w=640&q=75", nil, "public, max-age=60, must-revalidate", "public, max-age=60, must-revalidate"},
		{"application's own", set.next16, answering("200", "Cache-Control", "public, max-age=60, s-maxage=600"), nil, "public, max-age=60, s-maxage=600", "public, max-age=60, s-maxage=600"},
		{"application's own", set.next16, answering("200", "Cache-Control", "s-maxage=60"), nil, "s-maxage=60", "s-maxage=60"},
	} {
		t.Run(c.class+" "+c.zone, func(t *testing.T) {
			ask := func(through bool) answer {
				return c.ask(t, through, http.MethodGet, c.path(c.target), c.headers...)
			}
			direct, through := ask(false), ask(true)
			assert.Equal(t, c.direct, headerValue(direct, "Cache-Control"), "without the edge")
			want := c.through
			if isLong404(direct) {
				want = wantedCacheControl(direct, through) // by its age
			}
			assert.Equal(t, want, headerValue(through, "Cache-Control"), "through the edge")
		})
	}
}

// A 304 updates what a cache has kept, so it says the same as the page.
func TestA304SaysWhatItsPageDoes(t *testing.T) {
	set := fixtures(t)
	for f, target := range map[*fixture]string{set.next14: "/open", set.next15: "/open/", set.next16: "/open", set.monorepo: "/fr"} {
		page := f.ask(t, true, http.MethodGet, f.path(target))
		again := f.ask(t, true, http.MethodGet, f.path(target), "If-None-Match", page.Header.Get("Etag"))
		assert.Equal(t, http.StatusNotModified, again.StatusCode, f.zone)
		assert.Equal(t, sharedYear, page.Header.Get("Cache-Control"), f.zone)
		assert.Equal(t, sharedYear, again.Header.Get("Cache-Control"), f.zone)
	}
}

// Next.js says of a page that it makes again at this moment that it is new.
func TestAStalePageIsNotNew(t *testing.T) {
	for _, f := range []*fixture{fixtures(t).next14, fixtures(t).next16} {
		var stale answer
		eventually(t, patience, func() bool {
			stale = f.ask(t, true, http.MethodGet, "/isr")
			return stale.Header.Get("X-Nextjs-Cache") == "STALE"
		}, "the page is older than five seconds")
		assert.Equal(t, askFirst, stale.Header.Get("Cache-Control"))
		eventually(t, patience, func() bool {
			return f.ask(t, true, http.MethodGet, "/isr").Header.Get("Cache-Control") == "public, max-age=0, s-maxage=5, must-revalidate"
		}, "the page has been made again")
	}
}

// The answer to an action that redirects to a static page is marked like that page.
func TestNobodyKeepsTheAnswerToAnAction(t *testing.T) {
	f := fixtures(t).next16
	found := regexp.MustCompile(`\$ACTION_ID_([0-9a-f]+)"/><button>go<`).FindStringSubmatch(f.ask(t, false, http.MethodGet, "/form").body)
	require.Len(t, found, 2, "the form of the action")
	call := func(address string) answer {
		return rawRequest(t, address, http.MethodPost, "/form", f.host(), "[]", "Next-Action", found[1], "Content-Type", "text/plain;charset=UTF-8",
			"Accept", "text/x-component", "Origin", "http://"+f.host())
	}
	direct, through := call(f.upstream()), call(f.host())
	assert.Contains(t, direct.Header.Get("Cache-Control"), "s-maxage=31536000", "without the edge: this test is sharp")
	assert.Equal(t, madeByAction, through.Header.Get("Cache-Control"))
	assert.Equal(t, direct.StatusCode, through.StatusCode)
}

// The optimizer answers a POST as it does a GET, with a picture that it has made already.
func TestNobodyKeepsWhatWasPosted(t *testing.T) {
	for _, f := range []*fixture{fixtures(t).next14, fixtures(t).next16} {
		const picture = "/_next/image?url=%2Fphoto.jpg&w=640&q=75"
		require.Equal(t, http.StatusOK, f.ask(t, false, http.MethodGet, picture).StatusCode)
		assert.Contains(t, f.ask(t, false, http.MethodPost, picture).Header.Get("Cache-Control"), "public, max-age=", "without the edge: this test is sharp")
		assert.Equal(t, madeByAction, f.ask(t, true, http.MethodPost, picture).Header.Get("Cache-Control"))
	}
}

// What the operator writes comes after the policy.
func TestHeaderDownComesAfterThePolicy(t *testing.T) {
	f := nextApps(t)
	e := startEdge(t, f, setup{zones: "\t\tproxy {\n\t\t\theader_down Cache-Control \"public, max-age=5\"\n\t\t}\n"})
	assert.Equal(t, []string{"public, max-age=5"}, get(t, plainClient(t), e.url("/about")).Header["Cache-Control"])
}
