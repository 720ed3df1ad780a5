package rules

import (
	"net/http"
	"net/url"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// FileVerdict returns the address of a file of the build, with what pages write before it on the application's own
// host, and the verdict of a GET for it that has neither query nor cookies nor headers of its own. path is one of
// Build.Static or Build.Public.
func (s *Set) FileVerdict(path string) (address string, verdict *Verdict) {
	address = s.build.BasePath + path
	if asset := s.build.AssetPath(); asset != "" && s.outputs.files[path] == OutputStatic {
		address = asset + path
	}
	full, asWritten := spelling.CanonicalPath(address)
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: full}, Header: http.Header{}}
	return address, s.Verdict(r, Target{Full: full, AsWritten: asWritten})
}
