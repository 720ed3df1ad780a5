//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Next.js 14 and 15 answer 405 to a request that would write to a file; 16 means to, and fails.
func TestNobodyWritesToFiles(t *testing.T) {
	for _, f := range fixtures(t).all() {
		t.Run(f.zone, func(t *testing.T) {
			paths := []string{f.path("/plain.txt"), f.path("/photo.jpg"), f.path("/files/notes.txt"), f.path(f.build.Static[0])}
			if asset := f.build.AssetPath(); asset != "" {
				paths = append(paths, asset+f.build.Static[0])
			}
			for _, path := range paths {
				if !f.verdict(t, path).Edge() {
					continue // middleware, or a rewrite, looks at it: below
				}
				for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
					direct, through := f.ask(t, false, method, path), f.ask(t, true, method, path)
					assert.Contains(t, []int{http.StatusMethodNotAllowed, http.StatusInternalServerError}, direct.StatusCode, "%s %s", method, path)
					assert.Equal(t, "GET | HEAD", headerValue(direct, "Allow"))
					assert.Equal(t, http.StatusMethodNotAllowed, through.StatusCode, "%s %s", method, path)
					assert.Equal(t, "GET, HEAD", headerValue(through, "Allow"))
					assert.Equal(t, "no-store", headerValue(through, "Cache-Control"))
					assert.Equal(t, "Caddy", through.Header.Get("Server"), "Next.js is not asked")
				}
				direct, through := f.ask(t, false, http.MethodOptions, path), f.ask(t, true, http.MethodOptions, path)
				assert.Contains(t, []int{400, 405, 500}, direct.StatusCode, "OPTIONS %s without the edge", path)
				assert.Equal(t, http.StatusNoContent, through.StatusCode, "OPTIONS %s", path)
				assert.Equal(t, "GET, HEAD, OPTIONS", headerValue(through, "Allow"))
				if header := f.ask(t, true, http.MethodGet, path).Header["X-File"]; header != nil {
					assert.Equal(t, header, through.Header["X-File"], "headers() of the build")
				}
			}
			guarded := f.path("/private.txt")
			if len(f.build.Middleware) > 0 && f.ask(t, false, http.MethodPost, guarded).StatusCode == http.StatusUnauthorized {
				through := f.ask(t, true, http.MethodPost, guarded)
				assert.Equal(t, http.StatusUnauthorized, through.StatusCode)
				assert.True(t, strings.HasPrefix(through.body, "no entry"), "middleware comes first")
			}
		})
	}
}
