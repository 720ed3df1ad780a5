//go:build e2e

package pages_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
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
	set := harness.Fixtures(t)
	rsc := []string{"RSC", "1"}
	prefetch := []string{"RSC", "1", "Next-Router-Prefetch", "1"}
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	forged := []string{"Cookie", "__prerender_bypass=forged"}
	pass := []string{"Cookie", "pass=1"}
	const year = "s-maxage=31536000"
	for _, c := range []struct {
		class string
		*harness.Fixture
		target  string
		headers []string
		direct  string // "" is no Cache-Control
		through string
	}{
		{"page", set.Next14, "/open", nil, year + ", stale-while-revalidate", harness.SharedYear},
		{"page", set.Next15, "/open/", nil, year, harness.SharedYear},
		{"page", set.Next16, "/open", nil, year, harness.SharedYear},
		{"page, revalidated, of the Pages Router", set.Monorepo, "/fr", nil, year, harness.SharedYear},
		{"payload", set.Next14, "/open?_rsc=", rsc, year + ", stale-while-revalidate", harness.SharedYear},
		{"payload", set.Next16, "/open?_rsc=", rsc, year, harness.SharedYear},
		{"prefetch", set.Next16, "/open?_rsc=bl95g", prefetch, year, harness.SharedYear},
		{"segment", set.Next16, "/open?_rsc=1r34m", segment, year, harness.SharedYear},
		{"data", set.Monorepo, "/_next/data/" + set.Monorepo.Build.ID + "/fr.json", nil, year, harness.SharedYear},
		{"not found, prerendered", set.Next14, "/absent", nil, year + ", stale-while-revalidate", ""},
		{"not found, prerendered", set.Next15, "/absent/", nil, year, ""},
		{"not found, prerendered", set.Next16, "/absent", nil, year, ""},
		{"redirect, prerendered", set.Next15, "/leave/", nil, year, harness.SharedYear},
		{"route handler, prerendered", set.Next16, "/api/static", nil, year, harness.SharedYear},
		{"page behind middleware", set.Next16, "/private", pass, year, harness.SharedYear},

		{"repaired", set.Next15, "/open/?_rsc=wrong", rsc, year, "private, no-store"},
		{"cookie", set.Next14, "/open", forged, year + ", stale-while-revalidate", harness.MadeForOne},
		{"cookie", set.Next15, "/open/", forged, year, harness.MadeForOne},
		{"cookie", set.Next16, "/open", forged, year, harness.MadeForOne},
		{"cookie, of an application", set.Next16, answering("200", "Cache-Control", "public, max-age=60, s-maxage=600",
			"Set-Cookie", "a=b"), nil, "public, max-age=60, s-maxage=600", "private, max-age=60"},
		{"server error, prerendered", set.Next16, "/_global-error", nil, year, "no-store"},
		{
			"server error, of an application", set.Next16, answering("503", "Cache-Control", "public, max-age=60"), nil,
			"public, max-age=60", "no-store",
		},
		{"language", set.Monorepo, "", nil, year, harness.MadeForOne},

		{"unmarked, cookie", set.Next16, "/draft/enable", nil, "", "no-store"},
		{"unmarked, error of middleware", set.Next16, "/private", nil, "", "no-store"},
		{"unmarked, error of the optimizer", set.Next14, "/_next/image?w=1", nil, "", "no-store"},
		{"unmarked, error of the optimizer", set.Next16, "/_next/image?w=1", nil, "", "no-store"},
		{"unmarked, error of an application", set.Next16, answering("404"), nil, "", "no-store"},
		{"unmarked, edge runtime", set.Next16, "/edge", nil, "", "no-store"},
		{"unmarked, payload", set.Monorepo, "/open?_rsc=", rsc, "", "no-store"},

		{"unmarked route handler", set.Next16, "/api/echo", nil, "", ""},
		{"unmarked prerendered route handler", set.Next14, "/api/static", nil, "", ""},
		{"unmarked redirect", set.Next16, "/moved", nil, "", ""},
		{"unmarked page without data", set.Next15, "/p/auto/", nil, "", ""},
		{"made for one", set.Next16, "/dynamic", nil, harness.MadeForOne, harness.MadeForOne},
		{"not found", set.Next16, "/no-such-page", nil, harness.MadeForOne, harness.MadeForOne},
		{"no file", set.Next16, "/_next/static/chunks/none.js", nil, harness.MadeForOne, harness.MadeForOne},
		{"public file that Next.js answers", set.Next16, "/private.txt", pass, harness.PublicFile, harness.PublicFile},
		{"public file", set.Next14, "/plain.txt", nil, harness.PublicFile, harness.PublicFile},
		{"public file", set.Next15, "/plain.txt", nil, harness.PublicFile, harness.PublicFile},
		{"public file", set.Next16, "/plain.txt", nil, harness.PublicFile, harness.PublicFile},
		{"file with headers()", set.Next16, "/files/notes.txt", nil, "public, max-age=600", "public, max-age=600"},
		{"metadata", set.Next16, "/robots.txt", nil, harness.AskFirst, harness.AskFirst},
		{
			"picture", set.Next14, "/_next/image?url=%2Fphoto.jpg&w=640&q=75", nil, "public, max-age=60, must-revalidate",
			"public, max-age=60, must-revalidate",
		},
		{
			"application's own", set.Next16, answering("200", "Cache-Control", "public, max-age=60, s-maxage=600"), nil,
			"public, max-age=60, s-maxage=600", "public, max-age=60, s-maxage=600",
		},
		{
			"application's own", set.Next16, answering("200", "Cache-Control", "s-maxage=60"), nil, "s-maxage=60",
			"s-maxage=60",
		},
	} {
		t.Run(c.class+" "+c.Zone, func(t *testing.T) {
			ask := func(through bool) edgetest.Answer {
				return c.Ask(t, through, http.MethodGet, c.Path(c.target), c.headers...)
			}
			direct, through := ask(false), ask(true)
			assert.Equal(t, c.direct, harness.HeaderValue(direct, "Cache-Control"), "without the edge")
			want := c.through
			if harness.IsLong404(direct) {
				want = harness.WantedCacheControl(direct, through) // by its age
			}
			assert.Equal(t, want, harness.HeaderValue(through, "Cache-Control"), "through the edge")
		})
	}
}

// A 304 updates what a cache has kept, so it says the same as the page.
func TestA304SaysWhatItsPageDoes(t *testing.T) {
	set := harness.Fixtures(t)
	for f, target := range map[*harness.Fixture]string{set.Next14: "/open", set.Next15: "/open/", set.Next16: "/open", set.Monorepo: "/fr"} {
		page := f.Ask(t, true, http.MethodGet, f.Path(target))
		again := f.Ask(t, true, http.MethodGet, f.Path(target), "If-None-Match", page.Header.Get("Etag"))
		assert.Equal(t, http.StatusNotModified, again.StatusCode, f.Zone)
		assert.Equal(t, harness.SharedYear, page.Header.Get("Cache-Control"), f.Zone)
		assert.Equal(t, harness.SharedYear, again.Header.Get("Cache-Control"), f.Zone)
	}
}

// Next.js says of a page that it makes again at this moment that it is new.
func TestAStalePageIsNotNew(t *testing.T) {
	for _, f := range []*harness.Fixture{harness.Fixtures(t).Next14, harness.Fixtures(t).Next16} {
		var stale edgetest.Answer
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			stale = f.Ask(t, true, http.MethodGet, "/isr")
			return stale.Header.Get("X-Nextjs-Cache") == "STALE"
		}, "the page is older than five seconds")
		assert.Equal(t, harness.AskFirst, stale.Header.Get("Cache-Control"))
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			return f.Ask(t, true, http.MethodGet, "/isr").Header.Get("Cache-Control") == "public, max-age=0, s-maxage=5, must-revalidate"
		}, "the page has been made again")
	}
}

// The answer to an action that redirects to a static page is marked like that page.
func TestNobodyKeepsTheAnswerToAnAction(t *testing.T) {
	f := harness.Fixtures(t).Next16
	found := regexp.MustCompile(`\$ACTION_ID_([0-9a-f]+)"/><button>go<`).FindStringSubmatch(f.Ask(t, false, http.MethodGet,
		"/form").Text)
	require.Len(t, found, 2, "the form of the action")
	call := func(address string) edgetest.Answer {
		return harness.RawRequest(t, address, http.MethodPost, "/form", f.Host(), "[]", "Next-Action", found[1],
			"Content-Type", "text/plain;charset=UTF-8",
			"Accept", "text/x-component", "Origin", "http://"+f.Host())
	}
	direct, through := call(f.Upstream()), call(f.Host())
	assert.Contains(t, direct.Header.Get("Cache-Control"), "s-maxage=31536000", "without the edge: this test is sharp")
	assert.Equal(t, harness.MadeByAction, through.Header.Get("Cache-Control"))
	assert.Equal(t, direct.StatusCode, through.StatusCode)
}

// The optimizer answers a POST as it does a GET, with a picture that it has made already.
func TestNobodyKeepsWhatWasPosted(t *testing.T) {
	for _, f := range []*harness.Fixture{harness.Fixtures(t).Next14, harness.Fixtures(t).Next16} {
		const picture = "/_next/image?url=%2Fphoto.jpg&w=640&q=75"
		require.Equal(t, http.StatusOK, f.Ask(t, false, http.MethodGet, picture).StatusCode)
		assert.Contains(t, f.Ask(t, false, http.MethodPost, picture).Header.Get("Cache-Control"), "public, max-age=",
			"without the edge: this test is sharp")
		assert.Equal(t, harness.MadeByAction, f.Ask(t, true, http.MethodPost, picture).Header.Get("Cache-Control"))
	}
}

// What the operator writes comes after the policy.
func TestHeaderDownComesAfterThePolicy(t *testing.T) {
	f := harness.NextApps(t)
	e := harness.StartEdge(t, f, harness.Setup{Zones: "\t\tproxy {\n\t\t\theader_down Cache-Control \"public, max-age=5\"\n\t\t}\n"})
	assert.Equal(t, []string{"public, max-age=5"}, edgetest.Get(t, edgetest.PlainClient(t),
		e.URL("/about")).Header["Cache-Control"])
}
