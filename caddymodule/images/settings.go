package images

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// ZoneSettings says what the image optimizer of a zone allows. What it does not say, the zone's build says (`images` of
// next.config), or else it is the default of Next.js 16. Without it and without a build, Next.js makes the pictures and
// the edge keeps them.
type ZoneSettings struct {
	// Next.js makes the pictures, and the edge keeps none.
	Off bool `json:"off,omitempty"`

	// Widths that may be asked for, in pixels (deviceSizes and imageSizes).
	Sizes []int `json:"sizes,omitempty"`

	// Modern formats that are made for clients that take them: `avif`, `webp`.
	Formats []string `json:"formats,omitempty"`

	// Qualities that may be asked for, from 1 to 100.
	Qualities []int `json:"qualities,omitempty"`

	// Sources elsewhere, as URLs whose host and path may be globs: `https://**.example.com/photos/**`. Without a port
	// the default one is meant, without `?` any query. (remotePatterns)
	Remote []string `json:"remote,omitempty"`

	// Sources of the application, as paths that may be globs: `/photos/**`. Without `?` any query. (localPatterns)
	Local []string `json:"local,omitempty"`

	// How long a picture is fresh at least. (minimumCacheTTL)
	MinTTL *caddy.Duration `json:"min_ttl,omitempty"`

	// Whether SVG is passed on. (dangerouslyAllowSVG)
	SVG bool `json:"svg,omitempty"`

	// Whether sources may have private addresses. (dangerouslyAllowLocalIP)
	PrivateAddresses bool `json:"private_addresses,omitempty"`

	// How many redirects of a source are followed. (maximumRedirects)
	Redirects *int `json:"redirects,omitempty"`

	// Whether redirects may lead where `remote` does not, as in Next.js.
	RedirectsAnywhere bool `json:"redirects_anywhere,omitempty"`

	// The largest source, in bytes. (maximumResponseBody)
	MaxSource int64 `json:"max_source,omitempty"`

	// Sources that are asked for in the name of each client. Pictures made of them are that client's alone.
	Forward []ForwardConfig `json:"forward,omitempty"`
}

// ForwardConfig says what of a client's request goes along to a source.
type ForwardConfig struct {
	// Path of the source, which may be a glob.
	Path string `json:"path,omitempty"`

	// Names of headers that go along.
	Headers []string `json:"headers,omitempty"`

	// Names of cookies that go along.
	Cookies []string `json:"cookies,omitempty"`
}

// IsOff reports whether pictures are Next.js's. z may be nil.
func (z *ZoneSettings) IsOff() bool { return z != nil && z.Off }

func (z *ZoneSettings) followsAnywhere() bool { return z != nil && z.RedirectsAnywhere }

func (z *ZoneSettings) forwards() []imageopt.Forward {
	if z == nil {
		return nil
	}
	list := make([]imageopt.Forward, len(z.Forward))
	for i, forward := range z.Forward {
		list[i] = imageopt.Forward{Pathname: forward.Path, Headers: forward.Headers, Cookies: forward.Cookies}
	}
	return list
}

// images returns what the zone's optimizer allows, if that is known.
func (c Config) images() (images nextbuild.Images, known bool, err error) {
	switch {
	case c.Build != nil:
		images = c.Build.Images
	case c.Settings != nil:
		images = imageopt.DefaultImages(0)
	default:
		return images, false, nil
	}
	if c.Settings != nil {
		err = c.Settings.apply(&images)
	}
	return images, true, err
}

// apply puts what the settings say in the place of what the build says.
func (z *ZoneSettings) apply(images *nextbuild.Images) error {
	if len(z.Sizes) > 0 {
		images.DeviceSizes, images.ImageSizes = z.Sizes, nil
	}
	if len(z.Formats) > 0 {
		images.Formats = nil
		for _, format := range z.Formats {
			images.Formats = append(images.Formats, "image/"+format)
		}
	}
	if len(z.Qualities) > 0 {
		images.Qualities = z.Qualities
	}
	if z.MinTTL != nil {
		images.MinimumCacheTTL = int(time.Duration(*z.MinTTL) / time.Second)
	}
	if z.Redirects != nil {
		images.MaximumRedirects = z.Redirects
	}
	if z.MaxSource > 0 {
		images.MaximumResponseBody = z.MaxSource
	}
	images.DangerouslyAllowSVG = images.DangerouslyAllowSVG || z.SVG
	images.DangerouslyAllowLocal = images.DangerouslyAllowLocal || z.PrivateAddresses
	if len(z.Remote) > 0 {
		images.Domains, images.RemotePatterns = nil, nil
		for _, text := range z.Remote {
			pattern, err := parseRemotePattern(text)
			if err != nil {
				return fmt.Errorf("remote %q: %w", text, err)
			}
			images.RemotePatterns = append(images.RemotePatterns, pattern)
		}
	}
	if len(z.Local) > 0 {
		none := ""
		// Imports of the build are always allowed, as in Next.js.
		images.LocalPatterns = []nextbuild.LocalPattern{{Pathname: "/_next/static/media/**", Search: &none}, {Pathname: "/_next/static/immutable/media/**", Search: &none}}
		for _, text := range z.Local {
			if !strings.HasPrefix(text, "/") {
				return fmt.Errorf("local %q: it must be a path", text)
			}
			path, search := splitSearch(text)
			images.LocalPatterns = append(images.LocalPatterns, nextbuild.LocalPattern{Pathname: path, Search: search})
		}
	}
	return nil
}

// check finds what is wrong with the settings before a build is read.
func (z *ZoneSettings) check() error {
	if z == nil {
		return nil
	}
	for _, size := range z.Sizes {
		if size < 1 {
			return fmt.Errorf("sizes: %d is no width", size)
		}
	}
	for _, format := range z.Formats {
		if format != "avif" && format != "webp" {
			return fmt.Errorf("formats: %q is neither avif nor webp", format)
		}
	}
	for _, quality := range z.Qualities {
		if quality < 1 || quality > 100 {
			return fmt.Errorf("qualities: %d is not from 1 to 100", quality)
		}
	}
	if z.MinTTL != nil && *z.MinTTL < 0 || z.Redirects != nil && *z.Redirects < 0 || z.MaxSource < 0 {
		return errors.New("min_ttl, redirects and max_source must not be negative")
	}
	images := imageopt.DefaultImages(0)
	if err := z.apply(&images); err != nil {
		return err
	}
	if _, err := imageopt.NewSettings(images, "", false, 0); err != nil {
		return err
	}
	for _, forward := range z.Forward {
		if err := forward.check(); err != nil {
			return err
		}
	}
	_, err := imageopt.NewForwards(z.forwards())
	return err
}

// ownHeaders are those that say how an answer is transferred, which is the edge's to say.
var ownHeaders = append([]string{
	"Accept", "Accept-Encoding", "Connection", "Content-Length", "Host", "Te", "Transfer-Encoding", "Upgrade",
}, httpheader.Conditions[:]...)

func (f ForwardConfig) check() error {
	if !strings.HasPrefix(f.Path, "/") {
		return fmt.Errorf("forward %q: it must be a path of the site", f.Path)
	}
	if len(f.Headers)+len(f.Cookies) == 0 {
		return fmt.Errorf("forward %s: it names neither a header nor a cookie", f.Path)
	}
	for _, name := range f.Headers {
		if slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)) {
			return fmt.Errorf("forward %s: the header %s says nothing of who asks", f.Path, name)
		}
	}
	return nil
}

// splitSearch takes a query off a pattern; nil stands for any.
func splitSearch(text string) (path string, search *string) {
	path, query, found := strings.Cut(text, "?")
	if !found {
		return path, nil
	}
	if query != "" {
		query = "?" + query
	}
	return path, &query
}

// parseRemotePattern reads https://host:port/path?query, in which host and path may be globs.
func parseRemotePattern(text string) (nextbuild.RemotePattern, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme != "http" && scheme != "https" {
		return nextbuild.RemotePattern{}, errors.New("it must begin with https:// or http://")
	}
	rest, search := splitSearch(rest)
	host, path, found := strings.Cut(rest, "/")
	pattern := nextbuild.RemotePattern{Protocol: scheme, Search: search}
	if found {
		pattern.Pathname = "/" + path
	}
	name, port, _ := strings.Cut(host, ":")
	if name == "" {
		return pattern, errors.New("it has no host")
	}
	if _, err := url.Parse("http://localhost:" + port); err != nil {
		return pattern, fmt.Errorf("port %q is no number", port)
	}
	if scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		port = "" // as URLs have it
	}
	pattern.Hostname, pattern.Port = strings.ToLower(name), &port
	return pattern, nil
}
