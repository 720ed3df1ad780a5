package rules

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestFilesCanOnlyBeRead(t *testing.T) {
	ruleSet := ruled(t)
	for _, c := range []struct {
		target string
		want   string // the path of the file or the optimizer, "" where Next.js must see the request
	}{
		{"/a.txt", "/a.txt"},
		{"/a.txt?x=1", "/a.txt"},
		{"/b%20c/%C3%B6.txt", "/b%20c/%C3%B6.txt"},
		{"/_next/static/chunks/a.js", "/_next/static/chunks/a.js"},
		{"/ruled-assets/_next/static/chunks/a.js", "/_next/static/chunks/a.js"},
		{"/private.txt", ""},  // middleware
		{"/shadowed.txt", ""}, // rewritten to a page
		{"/about", ""},
		{"/feed", ""},
		{"/literal", ""}, // a redirect
		{"/member", ""},  // a condition
		{"/_next/image", "/_next/image"},
		{"/_next/static/chunks/nowhere.js", ""},
		{"/nowhere", ""},
		{"//a.txt", ""},
		{"/./a.txt", ""},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			v := verdictOf(ruleSet, method, c.target)
			assert.Equal(t, Method, v.Reason)
			assert.Equal(t, "method", v.String())
			assert.Equal(t, c.want != "", v.RefusesMethod(), "%s %s", method, c.target)
			if c.want != "" {
				assert.Equal(t, c.want, v.Path)
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodConnect} {
			assert.False(t, verdictOf(ruleSet, method, c.target).RefusesMethod(), "%s %s", method, c.target)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodConnect} {
			assert.False(t, verdictOf(ruleSet, method, c.target).TakesOptions(), "%s %s", method, c.target)
		}
		options := verdictOf(ruleSet, http.MethodOptions, c.target)
		assert.Equal(t, "method", options.String())
		assert.Equal(t, c.want != "", options.TakesOptions(), c.target)
		assert.Equal(t, c.want, options.Path, c.target)
	}
	for _, method := range []string{http.MethodPost, http.MethodOptions} {
		assert.Equal(t, []nextbuild.Header{{Key: "X-A", Value: "1"}}, verdictOf(ruleSet, method, "/a.txt").Headers)
	}
	var unknown *Set
	assert.False(t, verdictOf(unknown, http.MethodPost, "/a.txt").RefusesMethod(), "nothing is known of the build")
}
