// Package nextbuild reads what a Next.js build says of itself, so that nobody has to say it again.
package nextbuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Build is what the output of one `next build` says.
type Build struct {
	// Dir is the directory that holds BUILD_ID (Next.js calls it distDir).
	Dir string
	// ID is the build id.
	ID string
	// BasePath is the path that every URL of the application begins with, or "".
	BasePath string
	// AssetPrefix is what the URLs of the build's own files begin with: a path, a full URL, or "" (then BasePath is it).
	AssetPrefix string
}

// AssetPath returns the path by which the build's own files are asked for on the application's own host when it differs
// from the basePath, or "". A full URL names another host and claims nothing here.
func (b Build) AssetPath() string {
	if !strings.HasPrefix(b.AssetPrefix, "/") || b.AssetPrefix == b.BasePath {
		return ""
	}
	return strings.TrimSuffix(b.AssetPrefix, "/")
}

// Read reads the build in dir: the distDir itself (usually .next), or a directory that has one named .next. The error names what
// is missing or wrong. It keeps none of the build's secrets.
func Read(dir string) (Build, error) {
	dist, err := distDir(dir)
	if err != nil {
		return Build{}, err
	}
	id, err := os.ReadFile(filepath.Join(dist, "BUILD_ID")) //nolint:gosec // the operator names the build directory
	if err != nil {
		return Build{}, fmt.Errorf("reading the build id: %w", err)
	}
	b := Build{Dir: dist, ID: strings.TrimSpace(string(id))}
	if b.ID == "" {
		return Build{}, fmt.Errorf("%s is empty: the build was interrupted, run `next build` again", filepath.Join(dist, "BUILD_ID"))
	}
	if err := b.readServerFiles(); err != nil {
		return Build{}, err
	}
	return b, nil
}

func distDir(dir string) (string, error) {
	for _, candidate := range []string{dir, filepath.Join(dir, ".next")} {
		switch _, err := os.Stat(filepath.Join(candidate, "BUILD_ID")); {
		case err == nil:
			return candidate, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("looking for a build: %w", err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("looking for a build: %w", err)
	}
	return "", fmt.Errorf("%s holds no build: BUILD_ID is missing there and in its .next; run `next build` (`next dev` writes none)", dir)
}

// readServerFiles reads required-server-files.json, the resolved configuration of the build.
func (b *Build) readServerFiles() error {
	path := filepath.Join(b.Dir, "required-server-files.json")
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the build directory
	if err != nil {
		return fmt.Errorf("reading the configuration of the build: %w", err)
	}
	var file struct {
		Config *struct {
			BasePath    string `json:"basePath"`
			AssetPrefix string `json:"assetPrefix"`
		} `json:"config"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if file.Config == nil {
		return fmt.Errorf("reading %s: it has no config", path)
	}
	b.BasePath, b.AssetPrefix = file.Config.BasePath, file.Config.AssetPrefix
	if b.BasePath != "" && !strings.HasPrefix(b.BasePath, "/") {
		return fmt.Errorf("reading %s: basePath %q does not begin with /", path, b.BasePath)
	}
	if _, err := url.Parse(b.AssetPrefix); err != nil {
		return fmt.Errorf("reading %s: assetPrefix: %w", path, err)
	}
	return nil
}
