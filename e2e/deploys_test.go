//go:build e2e

package e2e_test

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
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// shipped is a release: a build of the application that is deployed in these tests. Two applications stand in for two
// builds of one: both are at /.
type shipped struct{ name, standalone, id string }

func shippedOf(t *testing.T, folders ...string) shipped {
	t.Helper()
	standalone := filepath.Join(append([]string{repository()}, append(folders, ".next", "standalone")...)...)
	id, err := os.ReadFile(filepath.Join(standalone, ".next", "BUILD_ID"))
	require.NoError(t, err, "it is not built")
	return shipped{folders[len(folders)-1], standalone, strings.TrimSpace(string(id))}
}

// deployed is a site whose application is built and started again beneath it.
type deployed struct {
	edge  *edge
	dir   string // the build that the edge is told of
	ports []int
	runs  map[int]*process
}

// copyTo puts a release over what is in a directory; what it replaces is removed first, as `next build` does.
func (r shipped) copyTo(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(dir, ".next")))
	out, err := exec.Command("cp", "-a", r.standalone+"/.", dir).CombinedOutput()
	require.NoError(t, err, string(out))
}

// start starts an upstream from a directory, in the place of what runs at its port.
func (d *deployed) start(t *testing.T, port int, dir string) {
	t.Helper()
	if old := d.runs[port]; old != nil {
		old.kill()
	}
	env := []string{"PORT=" + strconv.Itoa(port), "HOSTNAME=localhost", "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1"}
	p, err := startProcess("app", dir, env, "node", filepath.Join(dir, "server.js"))
	require.NoError(t, err)
	p.showLogOnFailure(t)
	d.runs[port] = p
	t.Cleanup(p.kill)
	ready := fmt.Sprintf("http://localhost:%d/", port)
	eventually(t, 2*patience, func() bool {
		res, err := http.Get(ready)
		return err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, "the application starts")
}

// visit asks for the page as a browser does, and for all scripts and styles that it names. It returns the page.
func (d *deployed) visit() (string, http.Header, error) {
	body, res, err := getWhole(d.edge.url("/"))
	if err != nil || res.StatusCode != http.StatusOK {
		return "", nil, nil //nolint:nilerr // the application is being started again
	}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return "", nil, err
	}
	for _, url := range (page{root}).urls("/_next/static/") {
		if _, file, err := getWhole(d.edge.url(url)); err != nil || file.StatusCode != http.StatusOK {
			return body, res.Header, fmt.Errorf("%s of a page with %s: %v, %w", url, res.Header["Cache-Status"], file, errors.Join(err))
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

// visitOf visits, and reports whether the page is of a release and from the cache. Once that is taken, no other may be
// kept.
func (d *deployed) visitOf(t *testing.T, r shipped, mark int) bool {
	t.Helper()
	taken := strings.Count(d.edge.log.since(mark), "build taken") == 2 // by both sites
	body, header, err := d.visit()
	require.NoError(t, err)
	kept, whose := strings.Contains(strings.Join(header["Cache-Status"], ""), "; hit"), strings.Contains(body, r.id)
	require.False(t, taken && kept && !whose, "a page of another build is kept under that of %s", r.name)
	return kept && whose
}

// sees waits until the page of a release is answered from the cache.
func (d *deployed) sees(t *testing.T, r shipped, mark int) {
	t.Helper()
	eventually(t, 2*patience, func() bool { return d.visitOf(t, r, mark) }, "the page of "+r.name+" is kept")
}

// saysWaiting waits until the edge has said that the application does not run the new build yet.
func (d *deployed) saysWaiting(t *testing.T, mark int) {
	t.Helper()
	eventually(t, patience, func() bool {
		return strings.Contains(d.edge.log.since(mark), "the application still runs another build")
	}, "the edge waits")
}

// newDeployed starts an edge and the upstreams of a release in dir.
func newDeployed(t *testing.T, upstreams int, build, running string) *deployed {
	t.Helper()
	d := &deployed{dir: build, runs: map[int]*process{}}
	zone := "zone app /"
	for range upstreams {
		port, err := freePort()
		require.NoError(t, err)
		d.ports = append(d.ports, port)
		d.start(t, port, running)
		zone += fmt.Sprintf(" localhost:%d", port)
	}
	d.edge = startEdge(t, nil, setup{zones: "watch 250ms\n" + zone + " {\n build " + build + "\n}"})
	return d
}

// underLoad has visitors come all the time, until stop is called.
func (d *deployed) underLoad(t *testing.T) (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	visits := 0
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, _, err := d.visit(); !assert.NoError(t, err) {
				return
			}
			visits++
			time.Sleep(5 * time.Millisecond) // the machine is for the application too
		}
	})
	return func() {
		close(done)
		group.Wait()
		assert.Greater(t, visits, 10)
	}
}

// Whatever the order of build, link and restart: no document is answered whose scripts are not, and no page of one
// build is kept under another.
func TestNoPageOutlivesItsScriptsInADeploy(t *testing.T) {
	first, second := shippedOf(t, "examples", "single", "app"), shippedOf(t, "examples", "multi-zone", "home")
	older := shippedOf(t, "e2e", "fixtures", "next14")
	for i, c := range []struct {
		name   string
		deploy func(t *testing.T, load bool)
	}{
		{"built in place, started again later", func(t *testing.T, load bool) {
			dir := t.TempDir()
			first.copyTo(t, dir)
			d := newDeployed(t, 1, dir, dir)
			d.sees(t, first, 0)
			if load {
				defer d.underLoad(t)()
			}
			mark := d.edge.log.mark()
			second.copyTo(t, dir)
			d.saysWaiting(t, mark)
			for range 3 {
				d.visitOf(t, second, mark)
			}
			d.start(t, d.ports[0], dir)
			d.sees(t, second, mark)
		}},
		{"a link moved before the restart", func(t *testing.T, load bool) { deployByLink(t, load, true, first, second) }},
		{"a link moved after the restart", func(t *testing.T, load bool) { deployByLink(t, load, false, first, second) }},
		{"an older Next.js", func(t *testing.T, load bool) { deployByLink(t, load, true, second, older) }},
		{"two upstreams", func(t *testing.T, load bool) {
			d, link, fresh := newLinked(t, 2, first, second)
			if load {
				defer d.underLoad(t)()
			}
			mark := d.edge.log.mark()
			moveLink(t, link, fresh)
			d.saysWaiting(t, mark)
			d.start(t, d.ports[0], fresh)
			for range 20 { // some of them are answered by the one, some by the other
				d.visitOf(t, second, mark)
			}
			require.NotContains(t, d.edge.log.since(mark), "build taken")
			d.start(t, d.ports[1], fresh)
			d.sees(t, second, mark)
		}},
	} {
		for _, load := range []bool{false, true} {
			if load != (i%2 == 1) && longOr(0, 1) == 0 {
				continue // in the short form each is tried in one way
			}
			t.Run(fmt.Sprintf("%s, under load %t", c.name, load), func(t *testing.T) { c.deploy(t, load) })
		}
	}
}

func moveLink(t *testing.T, link, target string) {
	t.Helper()
	require.NoError(t, os.Symlink(target, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
}

// newLinked starts an edge that goes by a link, and upstreams of the release that it names. The other one lies ready.
func newLinked(t *testing.T, upstreams int, from, to shipped) (d *deployed, link, fresh string) {
	t.Helper()
	old := t.TempDir()
	fresh, link = t.TempDir(), filepath.Join(t.TempDir(), "current")
	from.copyTo(t, old)
	to.copyTo(t, fresh)
	moveLink(t, link, old)
	d = newDeployed(t, upstreams, link, old)
	d.sees(t, from, 0)
	return d, link, fresh
}

// deployByLink deploys a release by moving a link, before or after the application is started again.
func deployByLink(t *testing.T, load, linkFirst bool, from, to shipped) {
	d, link, fresh := newLinked(t, 1, from, to)
	if load {
		defer d.underLoad(t)()
	}
	mark := d.edge.log.mark()
	visitSome := func() {
		for range 3 {
			d.visitOf(t, to, mark)
		}
	}
	if linkFirst {
		moveLink(t, link, fresh)
		d.saysWaiting(t, mark)
		visitSome()
		d.start(t, d.ports[0], fresh)
	} else {
		d.start(t, d.ports[0], fresh)
		visitSome()
		moveLink(t, link, fresh)
	}
	d.sees(t, to, mark)
}
