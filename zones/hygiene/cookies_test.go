package hygiene

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// scopesOf returns the scopes of three zones: the builds of home and shop are known, that of the blog is not.
func scopesOf() (home, blog, shop *CookieScope) {
	sum := func(id string) [32]byte { return sha256.Sum256([]byte(id)) }
	list := []*zones.Zone{
		{Name: "home", PreviewIDs: [][32]byte{sum("home-old"), sum("home-id")}},
		{Name: "blog"},
		{Name: "shop", PreviewIDs: [][32]byte{sum("shop-id")}},
	}
	scopes := NewCookieScopes(list)
	return scopes[list[0]], scopes[list[1]], scopes[list[2]]
}

func TestCookiesOfARequest(t *testing.T) {
	home, blog, shop := scopesOf()
	for name, c := range map[string]struct {
		scope      *CookieScope
		lines      []string
		want       []string
		plainDraft bool
	}{
		"none": {home, nil, nil, false},
		"others are left byte for byte": {
			home, []string{"a=1;b=2;  c = 3 ; d;;e=\"x y\"; ", ""}, []string{"a=1;b=2;  c = 3 ; d;;e=\"x y\"; ", ""}, false,
		},
		"others beside a scoped one": {
			home, []string{"a=1;b=2;  c = 3 ; NEXT_LOCALE.shop=de; d;;e=\"x y\"; "}, []string{"a=1;b=2;  c = 3 ; d;;e=\"x y\"; "}, false,
		},
		"names that only look alike": {
			home, []string{"NEXT_LOCALE_X=1; MY_NEXT_LOCALE=1; x=NEXT_LOCALE"}, []string{"NEXT_LOCALE_X=1; MY_NEXT_LOCALE=1; x=NEXT_LOCALE"}, false,
		},
		"its own get their plain name": {
			shop, []string{"a=1; NEXT_LOCALE.shop=de; b=2"}, []string{"a=1; NEXT_LOCALE=de; b=2"}, false,
		},
		"those of others are removed": {
			shop, []string{"NEXT_LOCALE.home=de; __prerender_bypass.blog=x; __next_preview_data.blog=y"}, nil, false,
		},
		"the first one":              {shop, []string{"NEXT_LOCALE.home=de; a=1"}, []string{"a=1"}, false},
		"without spaces":             {shop, []string{"NEXT_LOCALE.home=de;NEXT_LOCALE.shop=fr;a=1"}, []string{"NEXT_LOCALE=fr;a=1"}, false},
		"several header lines":       {shop, []string{"a=1", "NEXT_LOCALE.home=de", "NEXT_LOCALE.shop=fr", "b=2"}, []string{"a=1", "NEXT_LOCALE=fr", "b=2"}, false},
		"a script's locale":          {shop, []string{"NEXT_LOCALE=de"}, []string{"NEXT_LOCALE=de"}, false},
		"a script's locale wins":     {shop, []string{"NEXT_LOCALE.shop=fr; NEXT_LOCALE=de"}, []string{"NEXT_LOCALE=de"}, false},
		"also on another line":       {shop, []string{"NEXT_LOCALE.shop=fr", "NEXT_LOCALE=de"}, []string{"NEXT_LOCALE=de"}, false},
		"one for each path":          {shop, []string{"NEXT_LOCALE.shop=fr; NEXT_LOCALE.shop=de"}, []string{"NEXT_LOCALE=fr; NEXT_LOCALE=de"}, false},
		"own draft":                  {home, []string{"__prerender_bypass.home=x; __next_preview_data.home=y"}, []string{"__prerender_bypass=x; __next_preview_data=y"}, false},
		"plain draft, known":         {home, []string{"__prerender_bypass=home-id; __next_preview_data=y"}, []string{"__prerender_bypass=home-id; __next_preview_data=y"}, true},
		"plain draft, earlier build": {home, []string{"__prerender_bypass=home-old"}, []string{"__prerender_bypass=home-old"}, true},
		"plain draft, not its own":   {home, []string{"__next_preview_data=y; __prerender_bypass=shop-id; a=1"}, []string{"a=1"}, false},
		"plain draft, of nobody":     {home, []string{"__prerender_bypass=forged"}, nil, false},
		"unknown build, may be":      {blog, []string{"__prerender_bypass=blog-id; __next_preview_data=y"}, []string{"__prerender_bypass=blog-id; __next_preview_data=y"}, true},
		"unknown build, another's":   {blog, []string{"__prerender_bypass=shop-id; __next_preview_data=y"}, nil, false},
		"named draft before plain": {
			home,
			[]string{"__prerender_bypass=home-old; __next_preview_data=old; __prerender_bypass.home=home-id; __next_preview_data.home=new"},
			[]string{"__prerender_bypass=home-id; __next_preview_data=new"},
			false,
		},
		"preview data alone": {home, []string{"__next_preview_data=y"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if c.lines != nil {
				h["Cookie"] = c.lines
			}
			assert.Equal(t, c.plainDraft, c.scope.CleanRequest(h))
			assert.Equal(t, c.want, h["Cookie"])
			_, has := h["Cookie"]
			assert.Equal(t, c.want != nil, has, "no empty header is left")
		})
	}
}

func TestCookiesOfAnAnswer(t *testing.T) {
	_, _, shop := scopesOf()
	const epoch = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
	for name, c := range map[string]struct {
		values     []string
		plainDraft bool
		want       []string
	}{
		"others": {[]string{"a=NEXT_LOCALE; Path=/", "NEXT_LOCALES=x"}, false, []string{"a=NEXT_LOCALE; Path=/", "NEXT_LOCALES=x"}},
		"locale": {
			[]string{"a=1", "NEXT_LOCALE=de; Path=/shop; Expires=Wed, 01 Jan 2031 00:00:00 GMT; max-age=9; SameSite=lax; Secure"},
			false,
			[]string{
				"a=1", "NEXT_LOCALE.shop=de; Path=/shop; Expires=Wed, 01 Jan 2031 00:00:00 GMT; max-age=9; SameSite=lax; Secure",
				"NEXT_LOCALE=; " + epoch + "; Path=/shop; SameSite=lax; Secure",
			},
		},
		"locale of a domain": {
			[]string{"NEXT_LOCALE=de;Domain=example.com"},
			false,
			[]string{"NEXT_LOCALE.shop=de;Domain=example.com", "NEXT_LOCALE=; " + epoch + "; Domain=example.com"},
		},
		"locale without attributes": {[]string{"NEXT_LOCALE=de"}, false, []string{"NEXT_LOCALE.shop=de", "NEXT_LOCALE=; " + epoch}},
		"draft": {
			[]string{"__prerender_bypass=id; Path=/; HttpOnly; Secure; SameSite=None", "__next_preview_data=jwt; Path=/"},
			false,
			[]string{"__prerender_bypass.shop=id; Path=/; HttpOnly; Secure; SameSite=None", "__next_preview_data.shop=jwt; Path=/"},
		},
		"end of draft": {
			[]string{"__prerender_bypass=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
			false,
			[]string{"__prerender_bypass.shop=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
		},
		"end of draft that came plain": {
			[]string{"__prerender_bypass=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
			true,
			[]string{
				"__prerender_bypass.shop=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
				"__prerender_bypass=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
			},
		},
		"draft anew that came plain": {[]string{"__prerender_bypass=id"}, true, []string{"__prerender_bypass.shop=id"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Set-Cookie": c.values}
			shop.CleanResponse(h, c.plainDraft)
			assert.Equal(t, c.want, h["Set-Cookie"])
		})
	}
}

func TestASingleZoneKeepsItsCookies(t *testing.T) {
	zone := &zones.Zone{Name: "root"}
	scope := NewCookieScopes([]*zones.Zone{zone})[zone]
	h := http.Header{"Cookie": {"NEXT_LOCALE.shop=de; __prerender_bypass=x"}, "Set-Cookie": {"NEXT_LOCALE=de"}}
	want := h.Clone()
	assert.False(t, scope.CleanRequest(h))
	scope.CleanResponse(h, false)
	assert.Equal(t, want, h)
}

func TestCookieNamesOfZonesDifferAndAreTokens(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"root", "blog", "Blog", "docs-api", "docs_api", "docs.api", "docs/api", "docs%2Fapi", "docs%252Fapi", "für", "a b", "a;b", "a=b", "", `"`} {
		token := cookieToken(name)
		require.NotContains(t, seen, token, "%q and %q", seen[token], name)
		seen[token] = name
		require.NoError(t, (&http.Cookie{Name: localeCookie + "." + token, Value: "x"}).Valid(), name)
	}
}

// What an application has set comes back to it, and to no other.
func TestCookiesReturnToTheZoneThatSetThem(t *testing.T) {
	home, blog, shop := scopesOf()
	for _, set := range scopedCookies {
		answer := http.Header{"Set-Cookie": {set + "=shop-id; Path=/"}}
		shop.CleanResponse(answer, false)
		cookie, err := http.ParseSetCookie(answer["Set-Cookie"][0])
		require.NoError(t, err)
		for scope, want := range map[*CookieScope][]string{shop: {set + "=shop-id"}, home: nil, blog: nil} {
			h := http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}
			scope.CleanRequest(h)
			assert.Equal(t, want, h["Cookie"])
		}
	}
}

func TestOtherCookiesCostNoAllocation(t *testing.T) {
	home, _, _ := scopesOf()
	h := http.Header{"Cookie": {"session=abc; theme=dark; _ga=GA1.1.1"}, "Set-Cookie": {"session=abc; Path=/"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		home.CleanRequest(h)
		home.CleanResponse(h, false)
	}))
}

func FuzzCookiesOfARequest(f *testing.F) {
	f.Add("a=1; NEXT_LOCALE.shop=de; __prerender_bypass=x")
	f.Add("NEXT_LOCALE =x;;=; __next_preview_data.home")
	home, _, _ := scopesOf()
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cookie": {line}}
		home.CleanRequest(h)
		for _, kept := range h["Cookie"] {
			for pair := range strings.SplitSeq(kept, ";") {
				name, _ := cookiePair(pair)
				for _, scoped := range scopedCookies {
					assert.False(t, strings.HasPrefix(name, scoped+"."), "%q of %q", name, line)
				}
			}
		}
	})
}
