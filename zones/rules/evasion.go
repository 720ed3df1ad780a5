package rules

import (
	"errors"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// ErrEvasion refuses paths by which Next.js hands out what its middleware guards, without running it. Nothing in a page
// ever links to them. For everybody else there is nothing at such a path.
var ErrEvasion = errors.New("the path leads past the middleware of the application")

// HasMiddleware reports whether the build has middleware that runs for any path.
func (s *Set) HasMiddleware() bool { return s != nil && len(s.build.Middleware) > 0 }

// Evades reports whether a request for an escaped path, with its basePath, to a build with middleware goes a way on
// which Next.js does not run it (measured with 14.2.35, 15.5.28 and 16.4.5):
//
//   - below the assetPrefix, which Next.js takes off after the middleware has been asked for the path with it,
//   - with a locale before /_next, which it takes off too,
//   - by a path whose decoded form the middleware matches while it is asked for the encoded one (before 16),
//   - by the optimizer, which fetches a picture of the application by any of these.
func (s *Set) Evades(path, query string) bool {
	if !s.HasMiddleware() {
		return false
	}
	if s.evadesByPath(path) {
		return true
	}
	if below := s.below(path); below != "/_next/image" && below != "/_next/image/" {
		return false
	}
	source, _ := spelling.QueryValue(query, "url")
	source, _, _ = strings.Cut(source, "?")
	if !strings.HasPrefix(source, "/") {
		return false
	}
	// A browser's own encoding of a source never encodes what needs none.
	return spelling.EncodedUnreserved(source) >= 0 || s.evadesByPath(source)
}

func (s *Set) evadesByPath(path string) bool {
	asset := s.build.AssetPath()
	if asset != "" && spelling.HasPathPrefix(path, asset) && !s.outputs.names(path) {
		below := path[len(asset):]
		switch {
		case spelling.HasPathPrefix(below, "/_next/static"), spelling.HasPathPrefix(below, "/_next/hmr"),
			spelling.HasPathPrefix(below, "/_next/webpack-hmr"):
		case spelling.HasPathPrefix(below, "/_next"), s.outputs.names(s.build.BasePath + below):
			return true
		case s.outputs.mayName(s.build.BasePath + below):
			return true
		}
	}
	if i18n := s.build.I18n; i18n != nil && spelling.HasPathPrefix(path, s.build.BasePath) {
		below := path[len(s.build.BasePath):]
		if without := i18n.WithoutLocale(below); without != below && spelling.HasPathPrefix(without, "/_next") {
			return true
		}
	}
	decoded, err := url.PathUnescape(path)
	if err != nil || decoded == path || s.matchesDecoded() {
		return false
	}
	return !s.matches(path) && s.matches(decoded)
}

// matchesDecoded reports whether this Next.js asks its middleware for the decoded path too.
func (s *Set) matchesDecoded() bool {
	major, _, _ := strings.Cut(s.build.NextVersion, ".")
	return len(major) > 1 && major >= "16"
}
