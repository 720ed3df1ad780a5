//go:build e2e

package image_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// imageVariant is a fixture whose build decides otherwise on images than next.config.js did.
type imageVariant struct {
	name, fixture, basePath string
	images                  func(r *imageRemote) map[string]any // replaces keys of the configuration's images
	experimental            map[string]any                      // and of its experimental
	says                    string                              // what the edge's configuration adds to the zone
}

// imageSite is a variant twice, each with its own cache: one application is asked directly, one by an edge.
type imageSite struct {
	imageVariant
	direct, behind *harness.App
	edge           *harness.Edge
	remote         *imageRemote
	lens           *imageLens
	still          string // the path of the picture that the fixture imports
}

func startImageSite(t *testing.T, v imageVariant, remote *imageRemote, lens *imageLens, sources string) *imageSite {
	t.Helper()
	s := &imageSite{imageVariant: v, remote: remote, lens: lens}
	s.direct = s.copyOfTheFixture(t, "direct", sources)
	s.behind = s.copyOfTheFixture(t, "edge", sources)
	for _, a := range []*harness.App{s.direct, s.behind} {
		require.NoError(t, a.Start())
		t.Cleanup(a.Kill)
	}
	for _, a := range []*harness.App{s.direct, s.behind} {
		require.NoError(t, a.WaitUntilReady())
		a.ShowLogOnFailure(t)
	}
	if stills, _ := filepath.Glob(filepath.Join(s.direct.Dir, ".next", "static", "media", "still.*.png")); len(stills) > 0 {
		s.still = "/_next/static/media/" + filepath.Base(stills[0])
	}
	zones := fmt.Sprintf("\t\tzone images %s {\n\t\t\tbuild %s\n\t\t\t%s\n\t\t}\n",
		s.behind.Upstream(), s.behind.Dir, s.says)
	s.edge = harness.StartEdge(t, nil, harness.Setup{Global: firstFormat("off"), Zones: zones})
	return s
}

// copyOfTheFixture returns an application in a folder of its own, with the sources among its public files.
func (s *imageSite) copyOfTheFixture(t *testing.T, side, sources string) *harness.App {
	t.Helper()
	standalone := filepath.Join(harness.Repository(), "e2e", "fixtures", s.fixture, ".next", "standalone")
	require.FileExists(t, filepath.Join(standalone, "server.js"), "%s is not built: `make test` builds the fixtures before it runs these tests", s.fixture)
	dir, err := os.MkdirTemp(harness.Scratch, "images-"+side+"-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public"} {
		if _, err := os.Stat(filepath.Join(standalone, folder)); err == nil {
			require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
		}
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	require.NoError(t, harness.CopyFile(filepath.Join(standalone, "package.json"), filepath.Join(dir, "package.json")))
	copySources(t, sources, filepath.Join(dir, "public", "contract"))
	s.decideServer(t, filepath.Join(standalone, "server.js"), filepath.Join(dir, "server.js"))
	s.removeMiddleware(t, filepath.Join(dir, ".next", "server", "middleware-manifest.json"))
	s.decideBuild(t, filepath.Join(dir, ".next", "required-server-files.json"))
	return &harness.App{Zone: s.name + "-" + side, Dir: dir, Server: "server.js", Ready: s.basePath + "/open" + s.slash()}
}

func (s *imageSite) slash() string {
	if s.fixture == "next15" {
		return "/"
	}
	return ""
}

// decide puts the variant's decisions into a configuration.
func (s *imageSite) decide(config map[string]any) {
	maps.Copy(config["images"].(map[string]any), s.images(s.remote))
	maps.Copy(config["experimental"].(map[string]any), s.experimental)
}

// removeMiddleware makes the application one without: what middleware covers, the edge leaves to it, images too.
func (s *imageSite) removeMiddleware(t *testing.T, manifest string) {
	t.Helper()
	var content map[string]any
	harness.ReadJSON(t, manifest, &content)
	content["middleware"], content["sortedMiddleware"] = map[string]any{}, []string{}
	changed, err := json.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, changed, 0o600))
}

// decideServer copies the server, which holds the configuration in a line of its own.
func (s *imageSite) decideServer(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	holds := regexp.MustCompile(`(?m)^const nextConfig = (\{.*\})$`).FindSubmatchIndex(text)
	require.NotNil(t, holds, "%s holds no configuration", from)
	var config map[string]any
	require.NoError(t, json.Unmarshal(text[holds[2]:holds[3]], &config), from)
	s.decide(config)
	changed, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, slices.Concat(text[:holds[2]], changed, text[holds[3]:]), 0o600))
}

// decideBuild changes the file that says what the build was made with, to whoever reads the build.
func (s *imageSite) decideBuild(t *testing.T, path string) {
	t.Helper()
	var required map[string]any
	harness.ReadJSON(t, path, &required)
	s.decide(required["config"].(map[string]any))
	changed, err := json.Marshal(required)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, changed, 0o600))
}

// copySources copies the sources, all of one time: Next.js makes a file's ETag of it.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	files, err := os.ReadDir(to)
	require.NoError(t, err)
	written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, file := range files {
		require.NoError(t, os.Chtimes(filepath.Join(to, file.Name()), written, written))
	}
}
