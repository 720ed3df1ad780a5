package rules

import (
	"net/http"
	"net/url"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// FileVerdict returns the address of a file of the build, with what pages write before it on the application's own
// host, and the verdict of a GET for it that has neither query nor cookies nor headers of its own. path is one of
// Build.Static or Build.Public.
func (b *Rulebook) FileVerdict(path string) (address string, verdict *Verdict) {
	address = b.build.BasePath + path
	if asset := b.build.AssetPath(); asset != "" && b.outputs.files[path] == OutputStatic {
		address = asset + path
	}
	full, asWritten := spelling.CanonicalPath(address)
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: full}, Header: http.Header{}}
	return address, b.Verdict(r, Target{Full: full, AsWritten: asWritten})
}
