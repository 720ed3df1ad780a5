//go:build e2e

package harness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Shipped is a release: a build of the application that is deployed in these tests. Two applications stand in for two
// builds of one: both are at /.
type Shipped struct{ Name, Standalone, ID string }

// ShippedOf returns the release that is built in a folder of the repository.
func ShippedOf(t *testing.T, folders ...string) Shipped {
	t.Helper()
	standalone := filepath.Join(append([]string{Repository()}, append(folders, ".next", "standalone")...)...)
	id, err := os.ReadFile(filepath.Join(standalone, ".next", "BUILD_ID"))
	require.NoError(t, err, "it is not built")
	return Shipped{folders[len(folders)-1], standalone, strings.TrimSpace(string(id))}
}

// Deployed is a site whose application is built and started again beneath it.
type Deployed struct {
	Edge  *Edge
	dir   string // the build that the edge is told of
	Ports []int
	runs  map[int]*Process
}

// CopyTo puts a release over what is in a directory; what it replaces is removed first, as `next build` does.
func (r Shipped) CopyTo(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(dir, ".next")))
	out, err := exec.Command("cp", "-a", r.Standalone+"/.", dir).CombinedOutput()
	require.NoError(t, err, string(out))
}

// Start starts an upstream from a directory, in the place of what runs at its port.
func (d *Deployed) Start(t *testing.T, port int, dir string) {
	t.Helper()
	if old := d.runs[port]; old != nil {
		old.Kill()
	}
	env := []string{"PORT=" + strconv.Itoa(port), "HOSTNAME=localhost", "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1"}
	p, err := StartProcess("app", dir, env, "node", filepath.Join(dir, "server.js"))
	require.NoError(t, err)
	p.ShowLogOnFailure(t)
	if d.runs == nil {
		d.runs = map[int]*Process{}
	}
	d.runs[port] = p
	t.Cleanup(p.Kill)
	ready := fmt.Sprintf("http://localhost:%d/", port)
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
		res, err := http.Get(ready)
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, "the application starts")
}

// Visit asks for the page as a browser does, and for all scripts and styles that it names. It returns the page.
func (d *Deployed) Visit() (string, http.Header, error) {
	body, res, err := getWhole(d.Edge.URL("/"))
	if err != nil || res.StatusCode != http.StatusOK {
		return "", nil, nil //nolint:nilerr // the application is being started again
	}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return "", nil, err
	}
	for _, url := range (Page{Root: root}).URLs("/_next/static/") {
		if _, file, err := getWhole(d.Edge.URL(url)); err != nil || file.StatusCode != http.StatusOK {
			return body, res.Header, fmt.Errorf("%s of a page with %s: %v, %w",
				url, res.Header["Cache-Status"], file, errors.Join(err))
		}
	}
	return body, res.Header, nil
}

func getWhole(url string) (string, *http.Response, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), res, err
}

// VisitOf visits, and reports whether the page is of a release and from the cache. Once that is taken, no other may be
// kept.
func (d *Deployed) VisitOf(t *testing.T, r Shipped, mark int) bool {
	t.Helper()
	taken := strings.Count(d.Edge.Log.Since(mark), "build taken") == 2 // by both sites
	body, header, err := d.Visit()
	require.NoError(t, err)
	kept, whose := strings.Contains(strings.Join(header["Cache-Status"], ""), "; hit"), strings.Contains(body, r.ID)
	require.False(t, taken && kept && !whose, "a page of another build is kept under that of %s", r.Name)
	return kept && whose
}

// Sees waits until the page of a release is answered from the cache.
func (d *Deployed) Sees(t *testing.T, r Shipped, mark int) {
	t.Helper()
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool { return d.VisitOf(t, r, mark) },
		"the page of "+r.Name+" is kept")
}

// SaysWaiting waits until the edge has said that the application does not run the new build yet.
func (d *Deployed) SaysWaiting(t *testing.T, mark int) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return strings.Contains(d.Edge.Log.Since(mark), "the application still runs another build")
	}, "the edge waits")
}

// NewDeployed starts an edge and the upstreams of a release in dir.
func NewDeployed(t *testing.T, upstreams int, build, running string) *Deployed {
	t.Helper()
	d := &Deployed{dir: build}
	zone := "zone app /"
	for range upstreams {
		port, err := edgetest.FindPort()
		require.NoError(t, err)
		d.Ports = append(d.Ports, port)
		d.Start(t, port, running)
		zone += fmt.Sprintf(" localhost:%d", port)
	}
	d.Edge = StartEdge(t, nil, Setup{Zones: "watch 250ms\n" + zone + " {\n build " + build + "\n}"})
	return d
}

// UnderLoad has visitors come all the time, until stop is called.
func (d *Deployed) UnderLoad(t *testing.T) (stop func()) {
	workers, visits := NewWorkers(), 0
	workers.Repeat(func(int) {
		if _, _, err := d.Visit(); !assert.NoError(t, err) {
			workers.cancel()
			return
		}
		visits++
		time.Sleep(5 * time.Millisecond) // the machine is for the application too
	})
	return func() {
		workers.Stop()
		assert.Greater(t, visits, 10)
	}
}
