//go:build e2e

package files_test

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

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const immutable = "public, max-age=31536000, immutable"

// wantedFile is a file as a client sees it.
type wantedFile struct {
	path, content, cacheControl string
	status                      int
}

// Every file of the three builds comes whole from the edge's own disk, in every coding and over every protocol:
// compressed on its way, and from the copies that are made ahead.
func TestFilesOfBuildsComeFromTheEdge(t *testing.T) {
	e, builds := harness.FilesEdge(t, "")
	files := wantedFiles(t, builds)
	require.Greater(t, len(files), 60)
	askForAll(t, e, files)
	copiesMade(t, e)
	ahead := func() (sum float64) {
		for _, zone := range []string{"root", "docs", "shop"} {
			for _, source := range []string{"memory", "disk"} {
				sum += e.Metric(t, fmt.Sprintf(`caddy_nextjs_static_bytes_total{encoding="br",source=%q,zone=%q}`, source, zone))
			}
		}
		return sum
	}
	onTheWay := ahead()
	askForAll(t, e, files)
	assert.Positive(t, onTheWay)
	assert.Positive(t, ahead()-onTheWay)
	assert.Zero(t, e.Metric(t, "caddy_nextjs_store_damaged_total{store=\"files\"}"))
}

func wantedFiles(t *testing.T, builds []*nextbuild.Build) (files []wantedFile) {
	t.Helper()
	add := func(path, dir, escaped, cacheControl string) {
		name, err := url.PathUnescape(escaped)
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		files = append(files, wantedFile{path, string(content), cacheControl, http.StatusOK})
	}
	for _, b := range builds {
		for _, path := range b.Static {
			name := strings.TrimPrefix(path, "/_next/static/")
			add(b.BasePath+path, b.StaticDir, name, immutable)
			if b.AssetPath() != "" {
				add(b.AssetPath()+path, b.StaticDir, name, immutable)
			}
		}
		for _, path := range b.Public {
			add(b.BasePath+path, b.PublicDir, path, harness.PublicFile)
		}
	}
	return files
}

// askForAll asks for all files in every coding and over every protocol, and compares what comes with the files.
func askForAll(t *testing.T, e *harness.Edge, files []wantedFile) {
	t.Helper()
	for _, protocol := range edgetest.Protocols {
		client := e.Client(t, protocol)
		for _, coding := range harness.Codings {
			var group sync.WaitGroup
			work := make(chan wantedFile)
			for range 4 {
				group.Go(func() {
					for f := range work {
						res := edgetest.Get(t, client, e.TLSURL(f.path), "Accept-Encoding", coding)
						body := new(strings.Builder)
						used := res.Header.Get("Content-Encoding")
						_, err := io.Copy(body, codingtest.Reader(t, used, strings.NewReader(res.Text)))
						assert.NoError(t, err, f.path)
						assert.Equal(t, f.status, res.StatusCode, f.path)
						assert.True(t, f.content == body.String(), "%s in %s over %s", f.path, coding, protocol)
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
	e, builds := harness.FilesEdge(t, "")
	var secrets []string
	for _, b := range builds {
		var manifest struct {
			Preview struct{ PreviewModeID string }
		}
		harness.ReadJSON(t, filepath.Join(b.Dir, "prerender-manifest.json"), &manifest)
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
				a := harness.RawGet(t, e.Address(), target, e.Address())
				assert.NotEqual(t, http.StatusOK, a.StatusCode, "%q", target)
				for _, secret := range secrets {
					assert.NotContains(t, a.Text, secret, "%q", target)
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
	f := harness.NextApps(t)
	dir := filepath.Join(t.TempDir(), ".next")
	source := filepath.Join(f.Home.Dir, ".next", "standalone", ".next")
	require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\twatch 10ms\n\t\tzone / %s {\n\t\t\tbuild %s\n\t\t}\n", f.Home.Upstream(), dir)})
	stop := make(chan struct{})
	var group sync.WaitGroup
	for worker := range 4 {
		client := edgetest.PlainClient(t)
		group.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				path := build.Static[i%len(build.Static)]
				a := edgetest.Get(t, client, e.URL(path))
				content, err := os.ReadFile(filepath.Join(source, "static", strings.TrimPrefix(path, "/_next/static/")))
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, a.StatusCode, path)
				assert.Equal(t, true, string(content) == a.Text, "%s is whole", path)
			}
		})
	}
	for range harness.LongOr(5, 50) {
		// As a deploy does it: the old is gone before the new is there.
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	}
	before := e.Log.Mark()
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.CopyFS(dir, os.DirFS(source)))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return strings.Contains(e.Log.Since(before), "build taken") },
		"the new build is taken")
	close(stop)
	group.Wait()
}
