package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/cli"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// askFiles asks the admin endpoint, without the network.
func askFiles(t *testing.T, method string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	return askAdmin(t, report.AdminPath(report.FilesRoute), method, "")
}

// runningReport is what the running edge says.
func runningReport(t *testing.T) report.Files {
	t.Helper()
	w, err := askFiles(t, http.MethodGet)
	require.NoError(t, err)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var answer report.Files
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

func TestFilesOfTheRunningEdgeGolden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeFilesBuild(t, dir)
	assert.Empty(t, runningReport(t).Zones)
	home := edgetest.Named(t, "home")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n zone docs %s {\n build %s\n }\n zone off %[2]s {\n host off.example\n build %[3]s\n }\n}", home, edgetest.Named(t, "docs"), dir), edgetest.State(t.TempDir()))
	_, body := e.Get(t, "localhost", "/docs/a.txt")
	require.Len(t, body, 700)

	copiesMade(t)
	awaitArchived(t, 2)
	answer := runningReport(t)
	answer.Archive.Bytes = 21_000 // times in lists have as many digits as they need
	require.Len(t, answer.Zones, 3, "the test's two servers have the same zones")
	assert.Equal(t, report.Count{Files: 1, Bytes: 700}, *answer.Zones[0].Build.Public.Memory)
	text := cli.FilesText(answer, answer.Zones[0].Archive[0].FirstSeen)
	listen := []string{":" + e.Port, ":" + e.TLSPort}
	slices.Sort(listen)
	text = strings.NewReplacer(dir, "/srv/docs/.next", home, "web:3000", strings.Join(listen, " "), ":443 :80").Replace(text)
	assertGolden(t, "testdata/files/edge.txt", text)
}

func TestFilesSayWhenTheEdgeLeavesThemAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeFilesBuild(t, dir)
	edgetest.Serve(t, "nextjs localhost:1 {\n build "+dir+"\n static off\n}")
	assert.Contains(t, cli.FilesText(runningReport(t), time.Now()), "\n`static off`: all files come from the upstream, localhost:1\n")
	edgetest.Serve(t, "nextjs localhost:1 {\n dev\n}")
	assert.Contains(t, cli.FilesText(runningReport(t), time.Now()), "\nNo build: all files come from the upstream, localhost:1 (next dev)\n")
}

func TestFilesFollowReloads(t *testing.T) {
	e := edgetest.Serve(t, "nextjs {\n zone first / localhost:1\n}")
	name := func() string { return runningReport(t).Zones[0].Name }
	require.Equal(t, "first", name())
	require.Error(t, e.Load(t, "nextjs {\n zone second / localhost:1 {\n build nowhere\n }\n}"))
	assert.Equal(t, "first", name(), "a configuration that does not load changes nothing")
	require.Error(t, e.Load(t, "nextjs {\n zone second / localhost:1\n}\n}\nhttp://192.0.2.1 {\n bind 192.0.2.1\n respond ok"))
	assert.Equal(t, "first", name(), "nor does one that does not start")
	require.NoError(t, e.Load(t, "nextjs {\n zone second / localhost:1\n}"))
	assert.Equal(t, "second", name())
	require.NoError(t, e.Load(t, "respond ok"))
	assert.Empty(t, runningReport(t).Zones)
}

// The endpoint may be asked while configurations come and go.
func TestFilesWhileReloading(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeFilesBuild(t, dir)
	e := edgetest.Serve(t, "nextjs localhost:1 {\n build "+dir+"\n}")
	done := make(chan struct{})
	asked := make(chan error, 1)
	go func() {
		for {
			w, err := askFiles(t, http.MethodGet)
			if err == nil && !strings.Contains(w.Body.String(), `"id":"abc"`) {
				err = fmt.Errorf("there was no build: %s", w.Body)
			}
			select {
			case <-done:
				asked <- err
				return
			default:
				if err != nil {
					asked <- err
					return
				}
			}
		}
	}()
	for range 3 {
		require.NoError(t, e.Load(t, "nextjs localhost:1 {\n build "+dir+"\n watch 1s\n}"))
		require.NoError(t, e.Load(t, "nextjs localhost:1 {\n build "+dir+"\n}"))
	}
	close(done)
	require.NoError(t, <-asked)
}

func TestFilesAreOnlyRead(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodHead} {
		w, err := askFiles(t, method)
		var refusal caddy.APIError
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, http.StatusMethodNotAllowed, refusal.HTTPStatus)
		assert.Equal(t, http.MethodGet, w.Header().Get("Allow"))
	}
}
