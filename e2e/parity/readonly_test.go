//go:build e2e

package parity_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// Next.js 14 and 15 answer 405 to a request that would write to a file; 16 means to, and fails.
func TestNobodyWritesToFiles(t *testing.T) {
	for _, f := range harness.Fixtures(t).All() {
		t.Run(f.Zone, func(t *testing.T) {
			paths := []string{f.Path("/plain.txt"), f.Path("/photo.jpg"), f.Path("/files/notes.txt"), f.Path(f.Build.Static[0])}
			if asset := f.Build.AssetPath(); asset != "" {
				paths = append(paths, asset+f.Build.Static[0])
			}
			for _, path := range paths {
				if !f.Verdict(t, path).Edge() {
					continue // middleware, or a rewrite, looks at it: below
				}
				for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
					direct, through := f.Ask(t, false, method, path), f.Ask(t, true, method, path)
					assert.Contains(t, []int{http.StatusMethodNotAllowed, http.StatusInternalServerError}, direct.StatusCode, "%s %s", method, path)
					assert.Equal(t, "GET | HEAD", harness.HeaderValue(direct, "Allow"))
					assert.Equal(t, http.StatusMethodNotAllowed, through.StatusCode, "%s %s", method, path)
					assert.Equal(t, "GET, HEAD", harness.HeaderValue(through, "Allow"))
					assert.Equal(t, "no-store", harness.HeaderValue(through, "Cache-Control"))
					assert.Equal(t, "Caddy", through.Header.Get("Server"), "Next.js is not asked")
				}
				direct, through := f.Ask(t, false, http.MethodOptions, path), f.Ask(t, true, http.MethodOptions, path)
				assert.Contains(t, []int{400, 405, 500}, direct.StatusCode, "OPTIONS %s without the edge", path)
				assert.Equal(t, http.StatusNoContent, through.StatusCode, "OPTIONS %s", path)
				assert.Equal(t, "GET, HEAD, OPTIONS", harness.HeaderValue(through, "Allow"))
				if header := f.Ask(t, true, http.MethodGet, path).Header["X-File"]; header != nil {
					assert.Equal(t, header, through.Header["X-File"], "headers() of the build")
				}
			}
			guarded := f.Path("/private.txt")
			if len(f.Build.Middleware) > 0 && f.Ask(t, false, http.MethodPost, guarded).StatusCode == http.StatusUnauthorized {
				through := f.Ask(t, true, http.MethodPost, guarded)
				assert.Equal(t, http.StatusUnauthorized, through.StatusCode)
				assert.True(t, strings.HasPrefix(through.Text, "no entry"), "middleware comes first")
			}
		})
	}
}
