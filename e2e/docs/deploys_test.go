//go:build e2e

package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// deploysPage is the page whose shell blocks are run as printed.
const deploysPage = "docs/deploying.md"

// units stands in for systemd: `web` runs in /srv/web, or in its link `current` once there is one; web@PORT likewise.
type units struct {
	t     *testing.T
	web   string // the directory
	ports map[string]int
	mu    sync.Mutex
	runs  map[string]*harness.Process
}

// ServeHTTP carries out what the stand-in of systemctl is told: /restart/web.
func (u *units) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	order := strings.Split(r.URL.Path, "/")
	verb, unit := order[1], order[2]
	port, known := u.ports[unit]
	if !known {
		http.Error(w, "no such unit", http.StatusNotFound)
		return
	}
	if old := u.runs[unit]; old != nil && verb != "start" {
		old.Kill()
		delete(u.runs, unit)
	}
	if verb == "stop" {
		return
	}
	// The kernel goes to where the link leads at this moment, as for WorkingDirectory=.
	dir, server := u.web, ".next/standalone/server.js"
	if current, err := filepath.EvalSymlinks(filepath.Join(u.web, "current")); err == nil {
		dir, server = current, "server.js"
	}
	env := []string{"PORT=" + strconv.Itoa(port), "HOSTNAME=localhost", "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1"}
	p, err := harness.StartProcess(unit, dir, env, "node", filepath.Join(dir, server))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	u.runs[unit] = p
	u.t.Cleanup(p.Kill)
}

// printedDeploys is a machine on which the shell blocks of a page are run.
type printedDeploys struct {
	*harness.Deployed
	units  *units
	words  [][2]string
	env    []string
	blocks map[string]string // the first line that is not `cd /srv/web`: its block
}

// run runs the block that begins with a line.
func (p *printedDeploys) run(t *testing.T, first string) {
	t.Helper()
	block, ok := p.blocks[first]
	require.True(t, ok, "no block begins with %q: there are %q", first, p.blocks)
	delete(p.blocks, first)
	cmd := exec.CommandContext(edgetest.Within(t, 4*edgetest.Patience), "bash", "-e", "-c", replaced(block, p.words, false))
	cmd.Dir, cmd.Env = t.TempDir(), p.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", block, out)
}

// serves waits until the edge answers with the page of a release from the cache.
func (p *printedDeploys) serves(t *testing.T, r harness.Shipped) {
	t.Helper()
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
		body, header, err := p.Visit()
		hit := strings.Contains(strings.Join(header["Cache-Status"], ""), "; hit")
		return err == nil && hit && strings.Contains(body, r.ID)
	}, "the page of %s is served", r.Name)
}

// newPrintedDeploys makes the machine: programs that stand in for systemctl and npm, a checkout that is built, and
// what an earlier deploy has left.
func newPrintedDeploys(t *testing.T, running, built harness.Shipped) *printedDeploys {
	t.Helper()
	root := t.TempDir()
	web, bin := filepath.Join(root, "web"), filepath.Join(root, "bin")
	checkout := filepath.Dir(filepath.Dir(built.Standalone))
	require.NoError(t, os.MkdirAll(web, 0o755))
	require.NoError(t, os.MkdirAll(bin, 0o755))
	u := &units{t: t, web: web, ports: map[string]int{}, runs: map[string]*harness.Process{}}
	for _, unit := range []string{"web@3000", "web@3001"} {
		port, err := edgetest.FindPort()
		require.NoError(t, err)
		u.ports[unit] = port
	}
	u.ports["web"] = u.ports["web@3000"]
	systemd := httptest.NewServer(u)
	t.Cleanup(systemd.Close)
	for name, script := range map[string]string{
		"systemctl": fmt.Sprintf("exec curl --silent --show-error --fail \"%s/$1/$2\"\n", systemd.URL),
		"npm":       fmt.Sprintf("[ \"$1\" = ci ] || { rm -rf .next && cp -a %s/.next .next; }\n", checkout),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o700))
	}
	p := &printedDeploys{
		units: u, env: append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), blocks: map[string]string{},
		words: [][2]string{
			{"/srv/web", web},
			{"/home/ci/web", checkout},
			{"web@3000", "web@3000"},
			{"web@3001", "web@3001"}, // these are names
			{"localhost:3000", fmt.Sprintf("localhost:%d", u.ports["web@3000"])},
			{"localhost:3001", fmt.Sprintf("localhost:%d", u.ports["web@3001"])},
		},
	}
	for _, b := range docBlocks(t, deploysPage) {
		if b.language == "sh" && len(b.marks) == 0 {
			first, _, _ := strings.Cut(strings.TrimPrefix(b.text, "cd /srv/web\n"), "\n")
			p.blocks[first] = b.text
		}
	}
	p.Deployed = &harness.Deployed{Edge: harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf(
		"zone / localhost:%d {\n queue off\n}", u.ports["web"])})}
	require.NoError(t, os.Symlink(harness.ServerBinary(t), filepath.Join(bin, "caddy")))
	p.env = append(p.env, fmt.Sprintf("CADDY_ADMIN=localhost:%d", p.Edge.AdminPort), "HOME="+root)
	out, err := exec.Command("cp", "-a", filepath.Dir(running.Standalone), web).CombinedOutput()
	require.NoError(t, err, string(out))
	return p
}

// configure has the edge run the Caddyfile of the page that has a line.
func (p *printedDeploys) configure(t *testing.T, line string) {
	t.Helper()
	for _, b := range docBlocks(t, deploysPage) {
		if b.language == "caddyfile" && strings.Contains(b.text, line) {
			words := append(p.words, [2]string{"example.com", fmt.Sprintf("http://localhost:%d", p.Edge.HTTPPort)})
			global := fmt.Sprintf("{\n\tadmin localhost:%d\n\tpersist_config off\n}\n", p.Edge.AdminPort)
			require.Empty(t, p.Edge.Load(t, global+replaced(b.text, words, false)))
			return
		}
	}
	require.Fail(t, "no Caddyfile of the page has the line", line)
}

// The shell blocks of the page do what it says, in its order, before an edge that its Caddyfiles configure.
func TestTheDeploysOfTheDocsRunAsPrinted(t *testing.T) {
	first, second := harness.ShippedOf(t, "examples", "single", "app"), harness.ShippedOf(t, "examples", "multi-zone",
		"home")
	t.Run("in place", func(t *testing.T) {
		p := newPrintedDeploys(t, first, second)
		p.words = append([][2]string{{"/srv/web/current", p.units.web}}, p.words...)
		p.order(t, "/start/web")
		p.configure(t, "nextjs localhost:3000 {")
		p.serves(t, first)
		p.run(t, "npm ci && npm run build && systemctl restart web")
		p.serves(t, second)
	})
	t.Run("by a link and back, side by side and back", func(t *testing.T) {
		p := newPrintedDeploys(t, first, second)
		require.NoError(t, os.RemoveAll(filepath.Join(p.units.web, ".next")))
		old := filepath.Join(p.units.web, "41")
		require.NoError(t, os.Mkdir(old, 0o755))
		first.CopyTo(t, old)
		require.NoError(t, os.Symlink("41", filepath.Join(p.units.web, "current")))
		p.order(t, "/start/web")
		p.configure(t, "nextjs localhost:3000 {")
		p.serves(t, first)
		p.run(t, "cp -a /home/ci/web/.next/standalone 42")
		p.serves(t, second)
		p.run(t, "ln -sfn 41 next && mv -T next current && systemctl restart web")
		p.serves(t, first)

		p.order(t, "/stop/web")
		p.order(t, "/start/web@3000")
		p.configure(t, "zone / web localhost:3000 {")
		p.serves(t, first)
		p.run(t, "ln -sfn 42 next && mv -T next current")
		p.serves(t, second)
		p.run(t, "caddy nextjs rollback --zone web")
		p.serves(t, first)
		p.blocks["forward"] = "caddy nextjs promote --zone web --id 42\n"
		p.run(t, "forward")
		p.run(t, "caddy nextjs retire --zone web --id config --wait 60s")
		p.serves(t, second)

		// That of the README is of another zone.
		p.words = append(p.words, [2]string{"--zone root", "--zone web"})
		for _, b := range docBlocks(t, "README.md") {
			if strings.HasPrefix(b.text, "caddy nextjs deploy ") {
				p.blocks["README"] = b.text
			}
		}
		p.run(t, "README")
		p.serves(t, second)
		delete(p.blocks, "npm ci && npm run build && systemctl restart web")
		assert.Empty(t, p.blocks, "these were not run")
	})
}

// order tells systemd something.
func (p *printedDeploys) order(t *testing.T, order string) {
	t.Helper()
	answer := httptest.NewRecorder()
	p.units.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, order, nil))
	require.Equal(t, http.StatusOK, answer.Code, answer.Body.String())
}
