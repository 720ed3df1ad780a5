//go:build e2e

package zones_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// oddTargets are request targets as no browser would send them, and as an attacker might: what the edge finds the zone
// by is what Next.js routes by, and it gets them byte by byte.
var oddTargets = []struct{ target, zone string }{
	{"/blog%2F", "home"},
	{"/blog%2ffog-signal", "home"},
	{"/%62log", "home"},
	{"/%62log/fog-signal", "home"},
	{"/Blog", "home"},
	{"/BLOG/fog-signal", "home"},
	{"/blog/", "blog"},
	{"/blog/fog-signal/", "blog"},
	{"/blog?", "blog"},
	{"/blog/fog%2Dsignal", "blog"},
	{"/blog/%66og-signal", "blog"},
	{"/blog;x=1", "home"},
	{"/blog.html", "home"},
	{"/blog%00", "home"},

	{"//blog", "blog"},
	{"///blog", "blog"},
	{"//blog/fog-signal?q=1", "blog"},
	{"/blog//fog-signal", "blog"},
	{`/\blog`, "blog"},
	{`/blog\fog-signal`, "blog"},
	{`/blog\..\about`, "home"},
	{"//evil.example/about", "home"},
	{`/\evil.example/about`, "home"},
	{"/shop//p/gannet", "shop"},

	{"/blog/../about", "home"},
	{"/blog/..", "home"},
	{"/blog/%2e%2e/about", "home"},
	{"/blog/.%2E/about", "home"},
	{"/blog/./", "blog"},
	{"/blog/.", "blog"},
	{"/shop/%2e", "shop"},
	{"/shop/../blog/fog-signal", "blog"},
	{"/../blog", "blog"},
	{"/./blog", "blog"},
	{"/blog/...", "blog"},
	{"/_next/static/../../api/echo", "home"},
	{"/_next/static/..%2f..%2fapi/echo", "home"},
	{"/_next/static/%2e%2e/%2e%2e/keepers", "home"},
	{"/docs/../keepers", "home"},
	{"/docs/..%2fkeepers", "home"},
	{"/./keepers", "home"},
	{"/keepers/", "home"},
	{"/keepers%2f", "home"},
	{"/%6beepers", "home"},
	{"//keepers", "home"},
	{"/blog-assets/_next/static/../../../keepers", "home"},
	{"/blog-assets/_next/../../blog/fog-signal", "blog"},

	{"/api%2fecho", "home"},
	{"/api/echo%20x", "home"},
	{"/docs/f%C3%A4hr%20plan.txt", "home"},
	{"/docs/f%c3%a4hr%20plan.txt", "home"},
	{"/docs/f\xc3\xa4hr%20plan.txt", "home"},
	{"/docs/f%E4hr%20plan.txt", "home"},
	{"/docs%2ftimetable.txt", "home"},
	{"/docs/timetable.txt?x=%", "home"},
	{"/a|b", "home"},
	{"/a^b`{}", "home"},
	{"/a\"b<>", "home"},
	{"/a'b(c)!*@$&+,=:~", "home"},
	{"/a[b]", "home"},
	{"/blog/a|b", "blog"},
	{"/%ff", "home"},
	{"/blog/%ff", "blog"},
	{"/shop/p/%C3%BC", "shop"},
	{"/shop/p/gannet%2F", "shop"},
	{"/shop/DE", "shop"},
	{"/shop/de/de", "shop"},
	{"/shop%2Fde", "home"},

	{"/api/echo?x=1;y=2", "home"},
	{"/api/echo?x=%zz&y=%", "home"},
	{"/api/echo?a=b?c=d", "home"},
	{"/api/echo?q=<\"|^`{}>", "home"},
	{"/api/echo?", "home"},
	{"/api/echo?&&=&a", "home"},
	{"/api/echo?\xc3\xa4=\xc3\xb6", "home"},
	{"/api/echo?x=1?", "home"},
	{"/about#part", "home"},
	{"/blog#/../about", "blog"},
}

// refusedByGo are targets that Go's HTTP server answers by itself with 400; Next.js would refuse them too or make an
// error of them.
var refusedByGo = []string{"/%", "/%zz", "/blog/%", "/a%2", `\blog`}

func TestOddPathsMeanToTheEdgeWhatTheyMeanToNextJS(t *testing.T) {
	e, f := harness.SharedEdge(t)
	for _, test := range oddTargets {
		t.Run(fmt.Sprintf("%q", test.target), func(t *testing.T) {
			mark := harness.NextMark()
			harness.RawGet(t, e.Address(), test.target, e.Address(), harness.MarkHeader, mark)
			zone := e.LoggedAs(t, mark).Zone
			require.Equal(t, test.zone, zone, "zone")
			harness.AssertSame(t, func() edgetest.Answer { return harness.RawGet(t, e.Address(), test.target, e.Address()) },
				func() edgetest.Answer { return harness.RawGet(t, f.ByZone(zone).Upstream(), test.target, e.Address()) })
		})
	}
}

// One spelling reaches Next.js in another form: net/url cannot send a target that begins with // and has a byte that
// ought to be encoded. Next.js answers every such path with a redirect, here to the encoded form of the same path.
func TestRepeatedSlashesWithUnencodedBytesAreRedirected(t *testing.T) {
	e, f := harness.SharedEdge(t)
	const target = "//a|b"
	through := harness.RawGet(t, e.Address(), target, e.Address())
	direct := harness.RawGet(t, f.Home.Upstream(), target, e.Address())
	assert.Equal(t, direct.StatusCode, through.StatusCode)
	location, err := url.PathUnescape(through.Header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, direct.Header.Get("Location"), location)
}

func TestMalformedPathsAreRefused(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, target := range refusedByGo {
		t.Run(fmt.Sprintf("%q", target), func(t *testing.T) {
			assert.Equal(t, 400, harness.RawGet(t, e.Address(), target, e.Address()).StatusCode)
		})
	}
}

// Whatever way the path is written, the middleware that guards it is asked.
func TestOddPathsDoNotPassMiddleware(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, target := range []string{
		"/keepers", "//keepers", "/./keepers", "/docs/../keepers", "/%6beepers", "/keepers/", "/keepers?", `/\keepers`,
		"/blog/../keepers", "/shop/%2e%2e/keepers", "/_next/static/../../keepers", "/blog-assets/_next/../../keepers", "/Keepers",
		"/keepers%2f", "/keepers#x", "/keepers;x",
	} {
		t.Run(fmt.Sprintf("%q", target), func(t *testing.T) {
			a := harness.RawGet(t, e.Address(), target, e.Address())
			assert.NotContains(t, a.Text, "You have the key.")
		})
	}
}
