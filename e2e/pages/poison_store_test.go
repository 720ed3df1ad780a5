//go:build e2e

package pages_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Two builds of a zone share a store, and have pages of the same names: each is served its own only, and the first has
// kept its own when it comes back.
func TestADeploymentIsServedItsOwnPages(t *testing.T) {
	set := harness.Fixtures(t)
	configuration := func(f *harness.Fixture) harness.Setup {
		return harness.Setup{Zones: fmt.Sprintf("\t\tzone site / %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache\n", f.Upstream(),
			f.Build.Dir)}
	}
	e := harness.StartEdge(t, nil, configuration(set.Next14))
	visits := []victim{{"/absent", nil}, {"/absent?_rsc=", []string{"RSC", "1"}}, {"/isr", nil}}
	for round, f := range []*harness.Fixture{set.Next14, set.Next16, set.Next14} {
		require.Empty(t, e.Load(t, e.Caddyfile(t, nil, configuration(f))))
		for _, v := range visits {
			for n := range 3 {
				through := edgetest.Get(t, edgetest.PlainClient(t), e.URL(v.target), v.headers...)
				want := seenOf(f.Ask(t, false, http.MethodGet, v.target, v.headers...))
				assert.Empty(t, seenOf(through).difference(want), "round %d, request %d: %v", round, n, v)
				if n == 2 {
					assert.Contains(t, through.Header.Get("Cache-Status"), "; hit", "round %d: %v", round, v)
				}
			}
		}
	}
}

// An answer that breaks off is nobody's but its client's, whether it has said its length or not.
func TestWhatBreaksOffIsNotServedAgain(t *testing.T) {
	f := harness.Fixtures(t).Next16
	target, err := url.Parse(f.URL(""))
	require.NoError(t, err)
	var breaks atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of what is broken here
	proxy.ModifyResponse = func(res *http.Response) error {
		if breaks.Load() {
			res.Body = &brokenBody{res.Body, 100}
		}
		return nil
	}
	unreliable := httptest.NewServer(proxy)
	t.Cleanup(unreliable.Close)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone next16 / %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache\n", strings.TrimPrefix(unreliable.URL, "http://"), f.Build.Dir)})
	for _, v := range []victim{{"/gallery", nil}, {"/gallery?_rsc=", []string{"RSC", "1"}}} {
		breaks.Store(true)
		for range 2 {
			res, err := edgetest.PlainClient(t).Do(edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet,
				e.URL(v.target), nil, v.headers...))
			if err != nil {
				continue // it has broken off before the head was sent
			}
			body, err := io.ReadAll(res.Body)
			require.NoError(t, res.Body.Close())
			if err == nil { // it has broken off before the head was sent
				assert.Equal(t, http.StatusBadGateway, res.StatusCode, "%d bytes of %v", len(body), v)
			}
		}
		breaks.Store(false)
		for n := range 3 {
			through := edgetest.Get(t, edgetest.PlainClient(t), e.URL(v.target), v.headers...)
			want := seenOf(f.Ask(t, false, http.MethodGet, v.target, v.headers...))
			assert.Empty(t, seenOf(through).difference(want), "request %d: %v", n, v)
			if n > 0 {
				assert.Contains(t, through.Header.Get("Cache-Status"), "; hit")
			}
		}
	}
}

// brokenBody ends with an error after some bytes.
type brokenBody struct {
	io.ReadCloser
	left int
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// What an application itself says wrong is for the client that asked, and never for the next.
func TestWhatIsNobodyElsesIsNotKept(t *testing.T) {
	f := harness.Fixtures(t).Next16
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone next16 / %s\n\t\tcache\n", f.Upstream())})
	for why, target := range map[string]string{
		"a cookie beside s-maxage":                 answering("200", "Cache-Control", "s-maxage=600", "Set-Cookie", "a=b"),
		"a cookie beside public":                   answering("200", "Cache-Control", "public, max-age=600", "Set-Cookie", "a=b"),
		"an empty page (CVE-2025-49826)":           answering("204", "Cache-Control", "s-maxage=600"),
		"a part":                                   answering("206", "Cache-Control", "s-maxage=600", "Content-Range", "bytes 0-14/100"),
		"an error":                                 answering("500", "Cache-Control", "s-maxage=600"),
		"an error of a gateway":                    answering("503", "Cache-Control", "public, max-age=600"),
		"a redirect of an application":             answering("307", "Cache-Control", "public, max-age=600", "Location", "/open"),
		"a redirect that carries the query along":  answering("308", "Cache-Control", "s-maxage=600", "Location", "/open?x=1"),
		"private":                                  answering("200", "Cache-Control", "private, s-maxage=600"),
		"no-store in another field":                answering("200", "Cache-Control", "s-maxage=600", "CDN-Cache-Control", "no-store"),
		"another kind of browser":                  answering("200", "Cache-Control", "s-maxage=600", "Vary", "User-Agent"),
		"all kinds of requests":                    answering("200", "Cache-Control", "s-maxage=600", "Vary", "*"),
		"a payload at the path of a page":          answering("200", "Cache-Control", "s-maxage=600", "Content-Type", "text/x-component"),
		"events":                                   answering("200", "Cache-Control", "s-maxage=600", "Content-Type", "text/event-stream"),
		"data of a browser that is to be cleared":  answering("200", "Cache-Control", "s-maxage=600", "Clear-Site-Data", `"cache"`),
		"the shell of a page that is made in part": answering("200", "Cache-Control", "s-maxage=600", "X-Nextjs-Postponed", "1"),
		"nothing that lasts":                       answering("200", "Cache-Control", "s-maxage=0"),
	} {
		for n := range 3 {
			through := harness.RawGet(t, e.Address(), target, e.Address())
			direct := harness.RawGet(t, f.Upstream(), target, e.Address())
			assert.NotContains(t, through.Header.Get("Cache-Status"), "; hit", "%s, request %d", why, n)
			assert.Equal(t, direct.StatusCode, through.StatusCode, why)
			assert.Equal(t, direct.Text, through.Text, why)
			assert.Equal(t, direct.Header["Set-Cookie"], through.Header["Set-Cookie"], why)
		}
	}
}
