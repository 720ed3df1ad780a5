// Package imageopt answers /_next/image as Next.js does: the same requests are refused, with the same texts, and the
// same pictures come out of it. It knows nothing of Caddy.
package imageopt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/picomatch"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Settings are what one zone allows of its optimizer, made by NewSettings. They do not change.
type Settings struct {
	nextbuild.Images
	// BasePath is the path that every URL of the zone begins with, or "".
	BasePath string
	// TrailingSlash says that the endpoint's own path ends in a slash.
	TrailingSlash bool
	// Major is the version of Next.js, 14 or later.
	Major int

	local  []localPattern
	remote []remotePattern
	widths map[int]bool
}

type localPattern struct {
	pathname *picomatch.Glob
	search   *string
}

type remotePattern struct {
	protocol string // "http:", "https:", or "" for both
	hostname *picomatch.Glob
	port     *string
	pathname *picomatch.Glob
	search   *string
}

// DefaultImages are the settings of an application that sets none (next/dist/shared/lib/image-config.js of each
// version).
func DefaultImages(major int) nextbuild.Images {
	images := nextbuild.Images{
		DeviceSizes: []int{640, 750, 828, 1080, 1200, 1920, 2048, 3840}, ImageSizes: []int{32, 48, 64, 96, 128, 256, 384},
		Path: "/_next/image", Loader: "default", MinimumCacheTTL: 14400, Formats: []string{webp}, MaximumResponseBody: 50_000_000,
		ContentSecurityPolicy: "script-src 'none'; frame-src 'none'; sandbox;", ContentDispositionType: "attachment",
	}
	if major == 0 || major >= 16 {
		none, redirects := "", 3
		images.Qualities, images.MaximumRedirects = []int{75}, &redirects
		images.LocalPatterns = []nextbuild.LocalPattern{{Pathname: "**", Search: &none}}
		return images
	}
	images.ImageSizes, images.MinimumCacheTTL = slices.Concat([]int{16}, images.ImageSizes), 60
	if major == 14 {
		images.ContentDispositionType = "inline"
	}
	return images
}

// dispositionType is what content-disposition takes for a type.
var dispositionType = regexp.MustCompile("^[!#$%&'*+.0-9A-Z^_`a-z|~-]+$")

// NewSettings compiles the settings of a zone. images is what its build says; major is the version of Next.js, 0 for
// unknown, which counts as
// 16. An error names the setting that cannot be used.
func NewSettings(images nextbuild.Images, basePath string, trailingSlash bool, major int) (*Settings, error) {
	if major == 0 {
		major = 16
	}
	s := &Settings{Images: images, BasePath: basePath, TrailingSlash: trailingSlash, Major: major, widths: make(map[int]bool)}
	for _, size := range slices.Concat(images.DeviceSizes, images.ImageSizes) {
		if size <= 0 {
			return nil, fmt.Errorf("images.deviceSizes and images.imageSizes: %d is no width", size)
		}
		s.widths[size] = true
	}
	for _, format := range images.Formats {
		if format != avif && format != webp {
			return nil, fmt.Errorf("images.formats: %q is neither %s nor %s", format, avif, webp)
		}
	}
	for _, quality := range images.Qualities {
		if quality < 1 || quality > 100 {
			return nil, fmt.Errorf("images.qualities: %d is not from 1 to 100", quality)
		}
	}
	if images.MinimumCacheTTL < 0 {
		return nil, fmt.Errorf("images.minimumCacheTTL: %d is negative", images.MinimumCacheTTL)
	}
	if kind := images.ContentDispositionType; kind != "" && !dispositionType.MatchString(kind) {
		return nil, fmt.Errorf("images.contentDispositionType: %q is no type", kind)
	}
	for i, pattern := range images.LocalPatterns {
		pathname, err := pathGlob(pattern.Pathname)
		if err != nil {
			return nil, fmt.Errorf("images.localPatterns[%d].pathname: %w", i, err)
		}
		s.local = append(s.local, localPattern{pathname, pattern.Search})
	}
	for i, pattern := range images.RemotePatterns {
		compiled, err := newRemotePattern(pattern)
		if err != nil {
			return nil, fmt.Errorf("images.remotePatterns[%d]%w", i, err)
		}
		s.remote = append(s.remote, compiled)
	}
	return s, nil
}

func newRemotePattern(pattern nextbuild.RemotePattern) (remotePattern, error) {
	hostname, err := picomatch.Compile(pattern.Hostname, false)
	if err != nil {
		return remotePattern{}, fmt.Errorf(".hostname: %w", err)
	}
	pathname, err := pathGlob(pattern.Pathname)
	if err != nil {
		return remotePattern{}, fmt.Errorf(".pathname: %w", err)
	}
	protocol := strings.TrimSuffix(pattern.Protocol, ":")
	if protocol != "" {
		protocol += ":"
	}
	return remotePattern{protocol, hostname, pattern.Port, pathname, pattern.Search}, nil
}

// pathGlob compiles the glob of a path; an absent one allows every path.
func pathGlob(glob string) (*picomatch.Glob, error) {
	if glob == "" {
		glob = "**"
	}
	return picomatch.Compile(glob, true)
}

// Enabled reports whether the zone has an optimizer at all. Without one Next.js answers every request to it with the
// application's own page for 404, before it looks at any parameter.
func (s *Settings) Enabled() bool {
	return !s.Unoptimized && (s.Loader == "" || s.Loader == "default")
}

func (s *Settings) allowsLocal(pathname, search string) bool {
	if s.LocalPatterns == nil {
		return true
	}
	for _, pattern := range s.local {
		if (pattern.search == nil || *pattern.search == search) && pattern.pathname.Match(pathname) {
			return true
		}
	}
	return false
}

func (s *Settings) allowsRemote(at location) bool {
	if slices.Contains(s.Domains, at.hostname) {
		return true
	}
	for _, pattern := range s.remote {
		if pattern.allows(at) {
			return true
		}
	}
	return false
}

// allows is matchRemotePattern of next/dist/shared/lib/match-remote-pattern.js.
func (p *remotePattern) allows(at location) bool {
	return (p.protocol == "" || p.protocol == at.protocol) &&
		(p.port == nil || *p.port == at.port) &&
		(p.search == nil || *p.search == at.search) &&
		p.hostname.Match(at.hostname) && p.pathname.Match(at.pathname)
}

// defaultRedirects is how many redirects fetch of Node.js follows; before 16, Next.js had no limit of its own.
const defaultRedirects = 20

// FetchLimits are those of the zone's sources. followAnywhere lets redirects lead where the patterns do not, as in
// Next.js.
func (s *Settings) FetchLimits(followAnywhere bool) FetchLimits {
	limits := FetchLimits{
		MaxBytes: s.MaximumResponseBody, MaxRedirects: defaultRedirects, AllowPrivate: s.DangerouslyAllowLocal,
		AllowUnmatchedRedirects: followAnywhere, Before16: s.Major < 16,
	}
	if s.MaximumRedirects != nil {
		limits.MaxRedirects = *s.MaximumRedirects
	}
	return limits
}
