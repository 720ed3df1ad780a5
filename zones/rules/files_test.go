package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestFileVerdict(t *testing.T) {
	ruleSet := NewSet(readBuild(t, buildtest.Build{
		Config: object{"basePath": "/docs", "assetPrefix": "/docs-assets"},
		Routes: object{
			"headers": []object{{"source": "/docs/x.txt", "missing": []object{{"type": "cookie", "key": "seen"}}, "headers": []object{{"key": "X", "value": "1"}}, "regex": `^/docs/x\.txt$`}},
			"rewrites": object{"beforeFiles": []object{
				{"source": "/docs-assets/_next/:path+", "destination": "/docs/_next/:path+", "regex": `^/docs-assets/_next(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))(?:/)?$`},
				{"source": "/docs/b.txt", "destination": "/docs/a.txt", "regex": `^/docs/b\.txt$`},
			}},
		},
		Middleware: object{"middleware": object{"/": object{"matchers": []object{{"regexp": "^/docs/private"}}}}},
		Files: map[string]string{
			"static/a.js": "", "../public/a.txt": "", "../public/b.txt": "", "../public/x.txt": "", "../public/private/é.txt": "",
		},
	}))
	for path, want := range map[string][3]string{
		"/_next/static/a.js":  {"/docs-assets/_next/static/a.js", "static", "/_next/static/a.js"},
		"/a.txt":              {"/docs/a.txt", "public", "/a.txt"},
		"/b.txt":              {"/docs/b.txt", "public", "/a.txt"},
		"/x.txt":              {"/docs/x.txt", "public", "/x.txt"},
		"/private/%C3%A9.txt": {"/docs/private/%C3%A9.txt", "middleware", ""},
	} {
		address, verdict := ruleSet.FileVerdict(path)
		assert.Equal(t, want, [3]string{address, verdict.String(), verdict.Path}, path)
	}
	_, verdict := ruleSet.FileVerdict("/x.txt")
	assert.Len(t, verdict.Headers, 1, "a request without cookies")
}
