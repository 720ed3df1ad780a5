// Package nextbuild reads what a Next.js build says of itself, so that nobody has to say it again. It knows the builds
// of Next.js 14, 15 and 16.
package nextbuild

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Build is what the output of one `next build` says. It is read whole or not at all, and does not change afterwards.
type Build struct {
	// Dir is the directory that holds BUILD_ID (Next.js calls it distDir).
	Dir string
	// StaticDir holds the files below /_next/static, PublicDir those of the application's public folder. Either is
	// empty when the build was delivered without it, or it cannot be read.
	StaticDir, PublicDir string
	// Hash identifies what was read: see the function of that name.
	Hash string
	// ID is the build id. With a deployment id, Next.js 16.2 and later give every build the same one.
	ID string
	// NextVersion is the version of Next.js that made the build, or "" when nothing beside the build tells.
	NextVersion string
	Config

	// Routes are the pages and route handlers by their pattern, such as /items/[id].
	Routes map[string]Route
	// Dynamic are those with parameters, in the order in which Next.js tries them.
	Dynamic []DynamicRoute
	// Prerenders are the paths that were rendered by the build, below the basePath and with locale.
	Prerenders map[string]Prerender
	// Fallbacks say what Next.js does with a path of a dynamic route that was not.
	Fallbacks map[string]Fallback
	// Partials are the dynamic routes of which only a shell is rendered ahead of a request (partial prerendering).
	Partials map[string]bool

	Rules
	// Middleware are the matchers of the middleware (proxy.ts in Next.js 16). Without any there is none.
	Middleware []Rule

	// Actions are the ids of the server actions.
	Actions map[string]struct{}
	// ActionsKey is the SHA-256 of the key that encrypts what is bound to them (base64, as the build says it); zero:
	// not known.
	ActionsKey [sha256.Size]byte
	// Static and Public are the URL paths of the files, below the basePath and as Next.js compares them: each segment
	// encoded as encodeURIComponent does.
	Static, Public []string
	// Unread are the folders of files that could not be read. Static and Public do not have what is in them.
	Unread []Unread

	// PreviewID is the SHA-256 of the value of the __prerender_bypass cookie that turns on draft mode in this build.
	PreviewID [sha256.Size]byte
}

// AssetPath returns the path by which the build's own files are asked for on the application's own host when it differs
// from the basePath, or "". A full URL names another host and claims nothing here.
func (b *Build) AssetPath() string {
	if !strings.HasPrefix(b.AssetPrefix, "/") || b.AssetPrefix == b.BasePath {
		return ""
	}
	return strings.TrimSuffix(b.AssetPrefix, "/")
}

// IsPreview reports whether a __prerender_bypass cookie turns on draft mode in this build.
func (b *Build) IsPreview(cookie string) bool { return sha256.Sum256([]byte(cookie)) == b.PreviewID }

// Read reads the build in dir: the distDir itself (usually .next), the application's directory, or a standalone
// directory, also that of an application in a monorepo. The error names what is missing or wrong. It keeps none of the
// build's secrets.
func Read(dir string) (*Build, error) {
	place, err := locate(dir)
	if err != nil {
		return nil, err
	}
	before, err := place.hash()
	if err != nil {
		return nil, err
	}
	b, err := place.read()
	if err != nil {
		return nil, err
	}
	after, err := place.hash()
	if err != nil {
		return nil, err
	}
	if after != before {
		return nil, &UnfinishedError{
			place.dist, "it is changing", fmt.Errorf("%s was changed while it was read", place.dist),
		}
	}
	b.Hash = after
	return b, nil
}

// Hash identifies the state of the build in dir without reading it: another hash, another build.
func Hash(dir string) (string, error) {
	place, err := locate(dir)
	if err != nil {
		return "", err
	}
	return place.hash()
}

func (p place) read() (*Build, error) {
	b := &Build{Dir: p.dist, ID: p.id}
	m := manifests{dir: p.dist}
	steps := []struct {
		what string
		read func(manifests) error
	}{
		{"the configuration", b.readConfig},
		{"the rules", b.readRules},
		{"the routes", b.readRoutes},
		{"the prerendered paths", b.readPrerenders},
		{"the middleware", b.readMiddleware},
		{"the server actions", b.readActions},
		{"the files", func(m manifests) error { return b.readFiles(m, p) }},
		{"what the prerendered pages say", b.readMetas},
	}
	for _, step := range steps {
		if err := step.read(m); err != nil {
			return nil, fmt.Errorf("reading %s of the build in %s: %w", step.what, p.dist, err)
		}
	}
	b.NextVersion = p.nextVersion()
	return b, nil
}
