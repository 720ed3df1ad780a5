package nextbuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Config is what the edge needs of the resolved next.config of the build.
type Config struct {
	// BasePath is the path that every URL of the application begins with, or "".
	BasePath string `json:"basePath"`
	// AssetPrefix is what the URLs of the build's own files begin with: a path, a full URL, or "" (then BasePath is
	// it).
	AssetPrefix string `json:"assetPrefix"`
	// TrailingSlash says that paths of pages end in a slash.
	TrailingSlash bool `json:"trailingSlash"`
	// DistDir is the name of the distDir below the application's directory.
	DistDir string `json:"distDir"`
	// DeploymentID is the deployment's id, or "".
	DeploymentID string `json:"deploymentId"`
	// I18n is nil for an application without locales in its paths.
	I18n *I18n `json:"i18n"`
	// Images are the settings of the image optimizer.
	Images Images `json:"images"`
	// FileRoutes is false when the application routes by rewrites or a server of its own only.
	FileRoutes *bool `json:"useFileSystemPublicRoutes"`
	// SkipNormalize, in 16 SkipProxyNormalize, say that middleware sees paths as they were asked for.
	SkipNormalize      bool `json:"skipMiddlewareUrlNormalize"`
	SkipProxyNormalize bool `json:"skipProxyUrlNormalize"`

	Experimental struct {
		ImgOptMozjpeg         *bool           `json:"imgOptMozjpeg"`
		ProxyMaxBodySize      json.RawMessage `json:"proxyClientMaxBodySize"`      // 16
		MiddlewareMaxBodySize json.RawMessage `json:"middlewareClientMaxBodySize"` // 15.5
	} `json:"experimental"`
}

// I18n are the locales of a Pages Router application (next.config i18n).
type I18n struct {
	Locales       []string     `json:"locales"`
	DefaultLocale string       `json:"defaultLocale"`
	Domains       []I18nDomain `json:"domains"`
	Detection     *bool        `json:"localeDetection"`
}

// I18nDomain is a domain with a default locale of its own.
type I18nDomain struct {
	Domain        string   `json:"domain"`
	DefaultLocale string   `json:"defaultLocale"`
	Locales       []string `json:"locales"`
	HTTP          bool     `json:"http"`
}

// Images are the settings of the image optimizer (next.config images). Patterns are globs, as in
// required-server-files.json.
type Images struct {
	DeviceSizes            []int           `json:"deviceSizes"`
	ImageSizes             []int           `json:"imageSizes"`
	Path                   string          `json:"path"`
	Loader                 string          `json:"loader"`
	Domains                []string        `json:"domains"`
	MinimumCacheTTL        int             `json:"minimumCacheTTL"` // seconds
	Formats                []string        `json:"formats"`
	Qualities              []int           `json:"qualities"` // nil: any (Next.js 14 and 15)
	MaximumRedirects       *int            `json:"maximumRedirects"`
	MaximumResponseBody    int64           `json:"maximumResponseBody"` // bytes
	DangerouslyAllowSVG    bool            `json:"dangerouslyAllowSVG"`
	DangerouslyAllowLocal  bool            `json:"dangerouslyAllowLocalIP"`
	ContentSecurityPolicy  string          `json:"contentSecurityPolicy"`
	ContentDispositionType string          `json:"contentDispositionType"`
	LocalPatterns          []LocalPattern  `json:"localPatterns"` // nil: any path
	RemotePatterns         []RemotePattern `json:"remotePatterns"`
	Unoptimized            bool            `json:"unoptimized"`
	MaximumDiskCacheSize   *int64          `json:"maximumDiskCacheSize"` // bytes; nil: as much as there is room for, 0: nothing is kept
	// JPEGBaseline is experimental.imgOptMozjpeg: false.
	JPEGBaseline bool `json:"-"`
}

// LocalPattern allows pictures of the application itself.
type LocalPattern struct {
	Pathname string  `json:"pathname"`
	Search   *string `json:"search"` // nil: any
}

// RemotePattern allows pictures of another site.
type RemotePattern struct {
	Protocol string  `json:"protocol"`
	Hostname string  `json:"hostname"`
	Port     *string `json:"port"` // nil: any
	Pathname string  `json:"pathname"`
	Search   *string `json:"search"` // nil: any
}

// readConfig reads required-server-files.json, the resolved configuration of the build.
func (b *Build) readConfig(m manifests) error {
	var file struct {
		Config *Config `json:"config"`
	}
	if err := m.read("required-server-files.json", &file, 1); err != nil {
		return err
	}
	if file.Config == nil {
		return errors.New("required-server-files.json has no config")
	}
	b.Config = *file.Config
	b.Images.JPEGBaseline = b.Experimental.ImgOptMozjpeg != nil && !*b.Experimental.ImgOptMozjpeg
	if err := b.check(); err != nil {
		return fmt.Errorf("required-server-files.json: %w", err)
	}
	if b.DistDir == "" {
		b.DistDir = ".next"
	}
	return nil
}

// BodyLimit returns how many bytes of a body Next.js hands on where it copies the body, for middleware or an external
// rewrite, and the setting that says so: 0 for a version without such a limit, or a value that is not understood.
func (c *Config) BodyLimit() (limit int64, setting string) {
	for _, known := range []struct {
		value   json.RawMessage
		setting string
	}{
		{c.Experimental.ProxyMaxBodySize, "experimental.proxyClientMaxBodySize"},
		{c.Experimental.MiddlewareMaxBodySize, "experimental.middlewareClientMaxBodySize"},
	} {
		// The build has resolved "20mb" to bytes.
		if json.Unmarshal(known.value, &limit) == nil && limit > 0 {
			return limit, known.setting
		}
	}
	return 0, ""
}

// SkipsNormalize reports whether middleware sees paths as they were asked for.
func (c *Config) SkipsNormalize() bool { return c.SkipNormalize || c.SkipProxyNormalize }

func (c *Config) check() error {
	if c.BasePath != "" && (!strings.HasPrefix(c.BasePath, "/") || strings.HasSuffix(c.BasePath, "/")) {
		return fmt.Errorf("basePath %q does not begin with / or ends in one", c.BasePath)
	}
	if _, err := url.Parse(c.AssetPrefix); err != nil {
		return fmt.Errorf("assetPrefix: %w", err)
	}
	if c.I18n != nil && (len(c.I18n.Locales) == 0 || slices.Contains(c.I18n.Locales, "") || c.I18n.DefaultLocale == "") {
		return errors.New("i18n has no locales or no defaultLocale")
	}
	return nil
}
