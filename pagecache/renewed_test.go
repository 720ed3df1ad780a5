package pagecache

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// What a 304 says of a kept answer counts from then on, but for what belongs to its body: the cases of "Update Headers
// Upon a 304" of http-cache-tests, which asks for them in the foreground, where this cache asks for the whole. (Answers
// with a Content-Encoding are not kept.)
func TestA304RenewsTheHead(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		stays         bool
	}{
		"Test-Header":             {"A", "B", false},
		"X-Content-Foo":           {"A", "B", false},
		"Content-Foo":             {"A", "B", false},
		"Content-Location":        {"/foo", "/bar", false},
		"Content-Security-Policy": {"default-src 'self'", "default-src 'self' cdn.example.com", false},
		"Content-Type":            {"text/html", "text/html; charset=utf-8", false},
		"Date":                    {"Fri, 15 Jan 2027 07:59:50 GMT", "Fri, 15 Jan 2027 08:01:00 GMT", false},
		"Expires":                 {"Fri, 01 Jan 2038 01:01:01 GMT", "Mon, 11 Jan 2038 11:11:11 GMT", false},
		"X-Frame-Options":         {"deny", "sameorigin", false},
		"Content-Md5":             {"A", "B", true},
		"Content-Range":           {"A", "B", true},
		"Etag":                    {`"one"`, `"two"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600")
				h.Set("Etag", `"one"`)
				h.Set("Kept", "as it was")
				h.Set(name, c.before)
				if r.Header.Get("If-None-Match") != "" {
					h.Del("Kept")
					h.Set(name, c.after)
					w.WriteHeader(http.StatusNotModified)
					return
				}
				_, _ = w.Write([]byte("body"))
			})
			s.ask("/a", policy.VariantHTML)
			s.pass(61 * time.Second)
			assert.Equal(t, policy.ResultStale, s.ask("/a", policy.VariantHTML).result.Kind)
			s.idle()
			a := s.ask("/a", policy.VariantHTML)
			assert.Equal(t, hit, a.result)
			assert.Equal(t, "body", a.body())
			want := c.after
			if c.stays {
				want = c.before
			}
			assert.Equal(t, want, strings.Join(a.Header()[name], " | "))
			assert.Equal(t, "as it was", a.Header().Get("Kept"))
		})
	}
}

// A 304 without Date has been made now: the Date of what it renews would make it as old as that.
func TestA304WithoutDateIsNew(t *testing.T) {
	s := newSite(t, Settings{}, nil)
	s.upstream = func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600")
		h.Set("Content-Type", "text/html")
		h.Set("Etag", `"one"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Date", time.Unix(0, s.now.Load()).UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte("body"))
	}
	s.ask("/a", policy.VariantHTML)
	s.pass(70 * time.Second)
	assert.Equal(t, policy.ResultStale, s.ask("/a", policy.VariantHTML).result.Kind)
	s.idle()
	s.pass(30 * time.Second)
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, a.result)
	assert.Equal(t, "30", a.Header().Get("Age"))
}
