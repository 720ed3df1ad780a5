package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// writeScripts writes a build with scripts, and returns its directory.
func writeScripts(t *testing.T, id string, scripts map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), ".next")
	files := map[string]string{"static/" + id + "/_ssgManifest.js": "manifest of " + id}
	for name, text := range scripts {
		files["static/chunks/"+name] = text
	}
	buildtest.Write(t, dir, buildtest.Build{ID: id, App: map[string]string{"/page": "/"}, Files: files})
	return dir
}

// The classic deploy: the configuration names other upstreams, and another directory. Pages of the build before are open.
func TestFilesOutliveAnEditOfTheUpstreams(t *testing.T) {
	one, two := writeScripts(t, "one", map[string]string{"old.js": "old"}), writeScripts(t, "two", map[string]string{"new.js": "new"})
	state := edgetest.State(t.TempDir())
	site := func(dir, upstream string) string {
		return fmt.Sprintf("nextjs %s {\n build %s\n queue off\n}", upstream, dir)
	}
	e := edgetest.Serve(t, site(one, "localhost:1"), state)
	awaitArchived(t, 1)
	require.NoError(t, e.Load(t, site(two, "localhost:2"), state))
	for path, want := range map[string]string{"chunks/old.js": "old", "chunks/new.js": "new", "one/_ssgManifest.js": "manifest of one"} {
		status, body, cacheControl := askedOf(t, e, "/_next/static/"+path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, want, body, path)
		assert.Equal(t, forEver, cacheControl, path)
	}
}

func TestFilesThatPassThroughOutliveAnEditOfTheUpstreams(t *testing.T) {
	before, after := startPods(t), startPods(t)
	after.gone.Store(true)
	site := func(p *pods) string { return "nextjs " + p.address + " {\n queue off\n}" }
	state := edgetest.State(t.TempDir())
	e := edgetest.Serve(t, site(before), state)
	const path = "/_next/static/chunks/a.js"
	_, want, _ := askedOf(t, e, path)
	awaitArchived(t, 1)
	require.NoError(t, e.Load(t, site(after), state))
	status, body, cacheControl := askedOf(t, e, path)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, want, body)
	assert.Equal(t, forEver, cacheControl)
	assert.Zero(t, after.asked.Load())
}

// Two applications have a zone of one name, on two sites. Each of them is deployed by an edit, and gets a host more.
func TestSitesHaveTheirOwnFilesWhenTheyAreEdited(t *testing.T) {
	old, next := map[string]string{}, map[string]string{}
	for _, app := range []string{"one", "two"} {
		old[app] = writeScripts(t, app, map[string]string{"page.js": "page of " + app, app + ".js": "only " + app})
		next[app] = writeScripts(t, app+"-next", map[string]string{"next.js": "next of " + app})
	}
	e, state := edgetest.New(t), t.TempDir()
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	load := func(dirs map[string]string, upstream string, hosts ...string) {
		t.Helper()
		text := "{\n admin off\n persist_config off\n auto_https off\n nextjs {\n state " + state + "\n }\n}\n"
		for app, dir := range dirs {
			var addresses []string
			for _, host := range hosts {
				addresses = append(addresses, "http://"+host+app+".example:"+e.Port)
			}
			text += fmt.Sprintf("%s {\n nextjs %s {\n build %s\n queue off\n }\n}\n", strings.Join(addresses, ", "), upstream, dir)
		}
		config, err := edgetest.Adapt(text)
		require.NoError(t, err)
		require.NoError(t, caddy.Load(config, true))
	}
	get := func(host, path string) string {
		t.Helper()
		client, base := e.Client(t, edgetest.H1)
		req := edgetest.Request(t, t.Context(), http.MethodGet, base+"/_next/static/"+path, nil)
		req.Host, req.Close = host, true
		var res *http.Response
		var err error
		edgetest.AfterReload(t, func() bool { res, err = client.Do(req); return err == nil })
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		if res.StatusCode != http.StatusOK {
			return ""
		}
		return string(body)
	}
	load(old, "localhost:1", "")
	awaitArchived(t, 2)
	load(next, "localhost:2", "")
	requireOwn := func(host, app, other string) {
		t.Helper()
		// A connection may still come to the configuration before.
		edgetest.AfterReload(t, func() bool { return get(host, "chunks/next.js") == "next of "+app })
		assert.Equal(t, "page of "+app, get(host, "chunks/page.js"), host)
		assert.Equal(t, "only "+app, get(host, "chunks/"+app+".js"), host)
		assert.Empty(t, get(host, "chunks/"+other+".js"), host)
	}
	requireOwn("one.example", "one", "two")
	requireOwn("two.example", "two", "one")
	load(next, "localhost:2", "a.", "")
	for _, host := range []string{"one.example", "a.one.example"} {
		requireOwn(host, "one", "two")
	}
	requireOwn("a.two.example", "two", "one")
}
