//go:build e2e

package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// scriptPage is the page that says how the scripts are used.
const scriptPage = "examples/deploy/README.md"

// scripted is a site with nextjs_control whose zone is called web, and two builds that run beside each other.
type scripted struct {
	*harness.Deployed
	old, next harness.Shipped
	newPort   int
	dir       string // a copy of examples/deploy, with a token
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	s := &scripted{
		old: harness.ShippedOf(t, "examples", "single", "app"), next: harness.ShippedOf(t, "examples", "multi-zone", "home"),
		dir: filepath.Join(t.TempDir(), "deploy"),
	}
	out, err := exec.Command("cp", "-a", filepath.Join(harness.Repository(), "examples", "deploy"), s.dir).CombinedOutput()
	require.NoError(t, err, string(out))
	token := filepath.Join(s.dir, "edge-token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	s.Deployed = new(harness.Deployed)
	var ports [2]int
	for i, release := range []harness.Shipped{s.old, s.next} {
		ports[i], err = edgetest.FindPort()
		require.NoError(t, err)
		s.Start(t, ports[i], release.Standalone)
	}
	s.newPort = ports[1]
	s.Edge = harness.StartEdge(t, nil, harness.Setup{
		Site:  fmt.Sprintf("handle_path /_edge/* {\n\tnextjs_control {\n\t\ttoken deploy web %s\n\t}\n}\n", token),
		Zones: fmt.Sprintf("zone web / localhost:%d", ports[0]),
	})
	return s
}

// run runs a command of a shell in the folder of the scripts.
func (s *scripted) run(t *testing.T, command string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(edgetest.Within(t, 2*edgetest.Patience), "sh", "-ec", command)
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("CADDY_ADMIN=localhost:%d", s.Edge.AdminPort)), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// printed is a block of a page that begins so, with the words of this machine.
func (s *scripted) printed(t *testing.T, page, begins string) string {
	t.Helper()
	for _, b := range docBlocks(t, page) {
		if strings.HasPrefix(b.text, begins) {
			return replaced(b.text, [][2]string{
				{"https://example.com/_edge", s.Edge.URL("/_edge")},
				{"10.0.0.7:3000,10.0.0.8:3000", s.upstream()},
				{"10.0.0.7:3000", s.upstream()},
			}, false)
		}
	}
	require.Fail(t, "no block of the page begins so", "%s: %s", page, begins)
	return ""
}

func (s *scripted) upstream() string { return fmt.Sprintf("localhost:%d", s.newPort) }

// isAt asserts that documents are of a release.
func (s *scripted) isAt(t *testing.T, release harness.Shipped) {
	t.Helper()
	body, _, err := s.Visit()
	require.NoError(t, err)
	assert.Contains(t, body, release.ID)
}

// What the docs print of curl, and the script, make a build live while visitors come, and say what has failed.
func TestTheDeployScriptDeploys(t *testing.T) {
	s := newScripted(t)
	s.isAt(t, s.old)
	stop := s.UnderLoad(t)
	out, err := s.run(t, s.printed(t, scriptPage, "EDGES="), "COMMIT=4f2a91c")
	require.NoError(t, err, out)
	assert.Regexp(t, `^http://localhost:\d+/_edge: \{"id":"4f2a91c","state":"live",`, out)
	s.isAt(t, s.next)
	for i := range 5 {
		_, err = s.run(t, harness.ServerBinary(t)+" nextjs rollback --zone web")
		require.NoError(t, err)
		s.isAt(t, []harness.Shipped{s.old, s.next}[i%2])
	}
	out, err = s.run(t, s.printed(t, deploysPage, "curl --fail-with-body"))
	require.NoError(t, err, out)
	assert.Contains(t, out, `"id":"42","state":"live"`)
	s.isAt(t, s.next)
	stop()

	// A connection that breaks, and what is no edge.
	var asked atomic.Int64
	edge, err := url.Parse(s.Edge.URL(""))
	require.NoError(t, err)
	passOn := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(edge) }}
	breaks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			passOn.ServeHTTP(w, r)
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_ = connection.Close()
		}
	}))
	defer breaks.Close()
	script := "./deploy.sh web 43 " + s.upstream()
	out, err = s.run(t, script, "TOKEN_FILE=edge-token", "EDGES="+breaks.URL+"/_edge/")
	require.NoError(t, err, out)
	assert.Contains(t, out, `"id":"43","state":"live"`)
	assert.EqualValues(t, 2, asked.Load())
	out, err = s.run(t, script, "TOKEN_FILE=edge-token", "EDGES="+breaks.URL+"/_edge "+breaks.URL+"/nothing")
	require.Error(t, err)
	assert.Contains(t, out, breaks.URL+`/_edge: {"id":"43","state":"live"`)
	assert.Contains(t, out, breaks.URL+"/nothing: 404 ")

	empty := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // as of a host without a site
	defer empty.Close()
	out, err = s.run(t, script, "TOKEN_FILE=edge-token", "EDGES="+empty.URL)
	require.Error(t, err)
	assert.Contains(t, out, empty.URL+": what answers is no nextjs_control")

	out, err = s.run(t, "./deploy.sh web 44 localhost:"+edgetest.FreePort(t), "TOKEN_FILE=edge-token", "EDGES="+breaks.URL+"/_edge", "TIMEOUT=1")
	require.Error(t, err)
	assert.Regexp(t, `/_edge: 422 \{"error":"deployment 44: .+; nothing has changed"\}`, out)
	out, err = s.run(t, "./deploy.sh shop 44 "+s.upstream(), "TOKEN_FILE=edge-token", "EDGES="+breaks.URL+"/_edge")
	require.Error(t, err)
	assert.Contains(t, out, "the token is for zone web only")
	s.isAt(t, s.next)
}

// The two services take turns; what stands in for Docker starts nothing, as both builds run.
func TestTheBlueGreenScriptTakesTurns(t *testing.T) {
	s := newScripted(t)
	docker := fmt.Sprintf(`#!/bin/sh
set -e
echo "$*" >> %s/docker.log
case "$*" in
"compose exec --no-TTY edge caddy "*) shift 5 ;;
"compose up --detach --wait "*) exit ;;
*) exit 64 ;;
esac
exec %s $(echo "$*" | sed 's/green:3000/%s/; s/blue:3000/localhost:%d/')
`, s.dir, harness.ServerBinary(t), s.upstream(), s.oldPort(t))
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "docker"), []byte(docker), 0o700))
	path := "PATH=" + bin + ":" + os.Getenv("PATH")
	deploy := func(tag string) {
		t.Helper()
		out, err := s.run(t, "./blue-green.sh registry.example.com/web:"+tag, path)
		require.NoError(t, err, out)
		assert.Contains(t, out, tag+" of web is live at localhost:")
	}
	images := func() string {
		text, err := os.ReadFile(filepath.Join(s.dir, ".env"))
		require.NoError(t, err)
		return string(text)
	}
	deploy("42")
	s.isAt(t, s.next)
	assert.Equal(t, "BLUE_IMAGE=registry.example.com/web:41\nGREEN_IMAGE=registry.example.com/web:42\n", images())
	deploy("43")
	s.isAt(t, s.old)
	assert.Equal(t, "BLUE_IMAGE=registry.example.com/web:43\nGREEN_IMAGE=registry.example.com/web:42\n", images())
	deploy("44")
	s.isAt(t, s.next)
	_, err := s.run(t, harness.ServerBinary(t)+" nextjs rollback --zone web")
	require.NoError(t, err)
	s.isAt(t, s.old)
	deploy("45") // blue is live again, so green gets it
	s.isAt(t, s.next)
	assert.Equal(t, "BLUE_IMAGE=registry.example.com/web:43\nGREEN_IMAGE=registry.example.com/web:45\n", images())
	out, err := s.run(t, harness.ServerBinary(t)+" nextjs status")
	require.NoError(t, err)
	for id, state := range map[string]string{"45": "live", "44": "retired", "43": "draining", "42": "retired", "config": "retired"} {
		assert.Regexp(t, `(?m)^web +`+id+` +- +`+state+" ", out)
	}
}

// oldPort is that of the build that the Caddyfile names.
func (s *scripted) oldPort(t *testing.T) (port int) {
	t.Helper()
	var status struct {
		Zones []struct{ Sources []string }
	}
	out, err := s.run(t, harness.ServerBinary(t)+" nextjs status --json")
	require.NoError(t, err, out)
	require.NoError(t, yaml.Unmarshal([]byte(out), &status))
	_, err = fmt.Sscanf(status.Zones[0].Sources[0], "localhost:%d", &port)
	require.NoError(t, err)
	return port
}

// The job of Kubernetes runs the script, as kubernetes.sh writes it.
func TestTheJobOfKubernetesDeploys(t *testing.T) {
	s := newScripted(t)
	text, err := os.ReadFile(filepath.Join(s.dir, "kubernetes.yaml"))
	require.NoError(t, err)
	decoder := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(string(text), "BUILD_ID", "42")))
	kinds := map[string]bool{}
	for {
		var document struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Command []string
							Env     []struct{ Name, Value string }
						}
					}
				}
			}
		}
		if decoder.Decode(&document) != nil {
			break
		}
		kinds[document.Kind] = true
		if document.Kind != "Job" {
			continue
		}
		container := document.Spec.Template.Spec.Containers[0]
		assert.Equal(t, []string{"sh", "/deploy/deploy.sh", "web", "42", "dns+http://web-42:3000"}, container.Command)
		var env []string
		for _, variable := range container.Env {
			env = append(env, variable.Name+"="+variable.Value)
		}
		words := strings.NewReplacer("/deploy/", "./", "/token/token", "edge-token", "web-42:3000", s.upstream(),
			"http://edge-0.edge:8082", s.Edge.URL(""), "http://edge-1.edge:8082", s.Edge.URL(""))
		for i := range env {
			env[i] = words.Replace(env[i])
		}
		out, err := s.run(t, words.Replace(strings.Join(container.Command, " ")), env...)
		require.NoError(t, err, out)
		assert.Equal(t, 2, strings.Count(out, `"id":"42","state":"live"`), out)
	}
	assert.Equal(t, map[string]bool{"Deployment": true, "Service": true, "Job": true}, kinds)
	s.isAt(t, s.next)
}
