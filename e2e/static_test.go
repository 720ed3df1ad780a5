//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// filesEdge returns an edge that has the builds of the example, and upstreams at which nobody answers: what it serves is from disk.
func filesEdge(t testing.TB, global string) (*edge, []*nextbuild.Build) {
	t.Helper()
	nobody, err := freePort()
	require.NoError(t, err)
	var zones strings.Builder
	var builds []*nextbuild.Build
	for _, name := range []string{"home", "blog", "shop"} {
		dir := filepath.Join(repository(), "examples", "multi-zone", name, ".next")
		build, err := nextbuild.Read(dir)
		require.NoError(t, err)
		builds = append(builds, build)
		fmt.Fprintf(&zones, "\t\tzone %s localhost:%d {\n\t\t\tbuild %s\n\t\t}\n", name, nobody, dir)
	}
	return startEdge(t, nil, setup{global: global, zones: zones.String()}), builds
}

// wantedFile is a file of a build as a client sees it.
type wantedFile struct{ path, file, cacheControl string }

// Every file of the three builds comes whole from the edge's own disk, in every coding and over every protocol: compressed on its way, and
// from the copies that are made ahead.
func TestFilesOfBuildsComeFromTheEdge(t *testing.T) {
	e, builds := filesEdge(t, "")
	files := wantedFiles(t, builds)
	require.Greater(t, len(files), 60)
	askForAll(t, e, files)
	e.copiesMade(t)
	ahead := func() (sum float64) {
		for _, zone := range []string{"root", "docs", "shop"} {
			for _, source := range []string{"memory", "disk"} {
				sum += e.metric(t, fmt.Sprintf(`caddy_nextjs_static_bytes_total{encoding="br",source=%q,zone=%q}`, source, zone))
			}
		}
		return sum
	}
	onTheWay := ahead()
	askForAll(t, e, files)
	assert.Positive(t, onTheWay)
	assert.Positive(t, ahead()-onTheWay)
	assert.Zero(t, e.metric(t, "caddy_nextjs_store_damaged_total{store=\"files\"}"))
}

func wantedFiles(t *testing.T, builds []*nextbuild.Build) (files []wantedFile) {
	t.Helper()
	for _, b := range builds {
		for _, path := range b.Static {
			name, err := url.PathUnescape(strings.TrimPrefix(path, "/_next/static/"))
			require.NoError(t, err)
			file := filepath.Join(b.StaticDir, name)
			files = append(files, wantedFile{b.BasePath + path, file, "public, max-age=31536000, immutable"})
			if b.AssetPath() != "" {
				files = append(files, wantedFile{b.AssetPath() + path, file, "public, max-age=31536000, immutable"})
			}
		}
		for _, path := range b.Public {
			name, err := url.PathUnescape(path)
			require.NoError(t, err)
			files = append(files, wantedFile{b.BasePath + path, filepath.Join(b.PublicDir, name), publicFile})
		}
	}
	return files
}

// askForAll asks for all files, and compares what comes with the files.
func askForAll(t *testing.T, e *edge, files []wantedFile) {
	t.Helper()
	for _, protocol := range protocols {
		client := e.client(t, protocol)
		for _, coding := range codings {
			var group sync.WaitGroup
			work := make(chan wantedFile)
			for range 4 {
				group.Go(func() {
					for f := range work {
						res := get(t, client, e.tlsURL(f.path), "Accept-Encoding", coding)
						content, err := os.ReadFile(f.file)
						assert.NoError(t, err)
						body := new(strings.Builder)
						used := res.Header.Get("Content-Encoding")
						if used == "" {
							used = "identity"
						}
						_, err = io.Copy(body, decoded(t, used, strings.NewReader(res.body)))
						assert.NoError(t, err, f.path)
						assert.Equal(t, http.StatusOK, res.StatusCode, f.path)
						assert.Equal(t, string(content) == body.String(), true, "%s in %s over %s", f.path, coding, protocol)
						assert.Equal(t, f.cacheControl, res.Header.Get("Cache-Control"), f.path)
					}
				})
			}
			for _, f := range files {
				work <- f
			}
			close(work)
			group.Wait()
		}
	}
}

// No spelling reaches a file outside of the two directories.
func TestNoSpellingLeadsOutOfTheFiles(t *testing.T) {
	e, builds := filesEdge(t, "")
	var secrets []string
	for _, b := range builds {
		var manifest struct {
			Preview struct{ PreviewModeID string }
		}
		readJSON(t, filepath.Join(b.Dir, "prerender-manifest.json"), &manifest)
		secrets = append(secrets, manifest.Preview.PreviewModeID)
	}
	require.NotContains(t, secrets, "")
	secrets = append(secrets, "previewModeId", `"dependencies"`, "root:x:0", "ostrey-home")
	var targets []string
	for _, prefix := range []string{"", "/_next/static", "/_next/static/chunks", "/blog-assets/_next/static", "/docs", "/shop/prints", "/_next"} {
		for _, up := range []string{
			"/../", "/../../", "/..%2f", "/..%2F..%2F", "/%2e%2e/", "/%2e%2e%2f", "/.%2e/", `/..\`, `/..%5c`, "/%252e%252e%252f", "/....//", "/..;/", "//", "/./../", "/%00../", "/\xc0\xae\xc0\xae/",
		} {
			for _, file := range []string{"prerender-manifest.json", "server/prerender-manifest.json", "package.json", "BUILD_ID", "required-server-files.json", "etc/passwd"} {
				targets = append(targets, prefix+up+file)
			}
		}
	}
	targets = append(targets, "/.next/prerender-manifest.json", "/package.json", "/server.js", "/.env", "/next.config.ts", "/_next/prerender-manifest.json", "/_next/server/app/index.html",
		"/_next/static/", "/_next/static/chunks/", "/docs/", "/docs", "/_next/static/chunks", "/_next/BUILD_ID")
	assert.Greater(t, len(targets), 600)
	work := make(chan string)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for target := range work {
				a := rawGet(t, e.address(), target, e.address())
				assert.NotEqual(t, http.StatusOK, a.StatusCode, "%q", target)
				for _, secret := range secrets {
					assert.NotContains(t, a.body, secret, "%q", target)
				}
			}
		})
	}
	for _, target := range targets {
		work <- target
	}
	close(work)
	group.Wait()
}

// While a build is replaced under load every file of either comes whole, or from the application.
func TestABuildIsReplacedUnderLoad(t *testing.T) {
	f := nextApps(t)
	dir := filepath.Join(t.TempDir(), ".next")
	source := filepath.Join(f.home.dir, ".next", "standalone", ".next")
	require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\twatch 10ms\n\t\tzone / %s {\n\t\t\tbuild %s\n\t\t}\n", f.home.upstream(), dir)})
	stop := make(chan struct{})
	var group sync.WaitGroup
	for worker := range 4 {
		client := plainClient(t)
		group.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				path := build.Static[i%len(build.Static)]
				a := get(t, client, e.url(path))
				content, err := os.ReadFile(filepath.Join(source, "static", strings.TrimPrefix(path, "/_next/static/")))
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, a.StatusCode, path)
				assert.Equal(t, true, string(content) == a.body, "%s is whole", path)
			}
		})
	}
	for range longOr(5, 50) {
		// As a deploy does it: the old is gone before the new is there.
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	}
	before := e.log.mark()
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	eventually(t, patience, func() bool { return strings.Contains(e.log.since(before), "build taken") }, "the new build is taken")
	close(stop)
	group.Wait()
}
