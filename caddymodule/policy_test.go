package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// prerendered is an upstream that answers like Next.js with a static page, and with the cookie that the query names.
func prerendered(t *testing.T) string {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "s-maxage=31536000, stale-while-revalidate=9")
		h.Set("X-Nextjs-Cache", "HIT")
		if cookie := r.URL.Query().Get("cookie"); cookie != "" {
			h.Set("Set-Cookie", cookie)
		}
		_, _ = io.WriteString(w, "page")
	})
}

func cacheControl(res edgetest.Answer) []string { return res.Header["Cache-Control"] }

func TestAnswersOfUpstreamsGetTheirPolicy(t *testing.T) {
	e := edgetest.Serve(t, "nextjs "+prerendered(t))
	assert.Equal(t, []string{"public, max-age=0, s-maxage=31536000, must-revalidate"}, cacheControl(e.Ask(t,
		http.MethodGet, "/")))
	assert.Equal(t, []string{"public, max-age=0, s-maxage=31536000, must-revalidate"}, cacheControl(e.Ask(t,
		http.MethodHead, "/")))
	assert.Equal(t, []string{"private, no-cache, no-store, max-age=0, must-revalidate"}, cacheControl(e.Ask(t,
		http.MethodGet, "/?cookie=a%3Db")))
	assert.Equal(t, []string{"no-cache, no-store, max-age=0, must-revalidate"}, cacheControl(e.Ask(t, http.MethodPost,
		"/")))
	assert.Equal(t, []string{"private, no-store"}, cacheControl(e.Ask(t, http.MethodGet, "/?_rsc=wrong", "RSC", "1")))
}

func TestADevServerSpeaksForItself(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n dev\n }\n}", prerendered(t)))
	assert.Equal(t, []string{"s-maxage=31536000, stale-while-revalidate=9"}, cacheControl(e.Ask(t, http.MethodGet, "/")))
	assert.Equal(t, []string{"s-maxage=31536000, stale-while-revalidate=9"}, cacheControl(e.Ask(t, http.MethodPost,
		"/?cookie=a%3Db")))
}

func TestTheOperatorHasTheLastWordOnCaching(t *testing.T) {
	page := prerendered(t)
	for name, directives := range map[string]string{
		"header_down": fmt.Sprintf("nextjs {\n zone / %s\n proxy {\n header_down Cache-Control \"public, max-age=5\"\n }\n}", page),
		"header":      fmt.Sprintf("header >Cache-Control \"public, max-age=5\"\nnextjs %s", page),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{"public, max-age=5"}, cacheControl(edgetest.Serve(t, directives).Ask(t, http.MethodGet,
				"/")))
		})
	}
}
