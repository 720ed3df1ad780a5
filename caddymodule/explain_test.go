package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/cli"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func explained(t *testing.T, address string, headers ...string) *report.Request {
	t.Helper()
	query := url.Values{"url": {address}, "header": headers}
	w, err := askAdmin(t, report.AdminPath(report.ExplainRoute)+"?"+query.Encode(), http.MethodGet, "")
	require.NoError(t, err)
	report := new(report.Request)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), report))
	return report
}

func TestExplainSaysWhoAnswersAndWhy(t *testing.T) {
	dir, log := filepath.Join(t.TempDir(), ".next"), filepath.Join(t.TempDir(), "access.log")
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/page": "/", "/news/page": "/news", "/closed/page": "/closed"}})
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/closed" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Cache-Control", "s-maxage=60, stale-while-revalidate=31535940")
		if r.URL.Path == "/" {
			w.Header().Set("Cache-Control", "private, no-store")
		}
		_, _ = io.WriteString(w, "page")
	})
	e := edgetest.Serve(t, fmt.Sprintf("log {\n output file %s\n}\nnextjs {\n zone / main %s {\n build %s\n }\n zone /shop %s\n cache {\n stale_if_error 1h\n }\n}",
		log, next, dir, edgetest.Named(t, "shop")), "nextjs {\n state "+t.TempDir()+"\n}")

	text := cli.RequestText(explained(t, e.URL("/news")))
	assert.Contains(t, text, "kept      not yet: the next answer is, if Next.js marks it for everybody\n")
	e.Cached(t, "/news")
	e.Cached(t, "/news")
	text = cli.RequestText(explained(t, e.URL("/news")))
	assert.Regexp(t, `age       [0-9]s, fresh for [1-6][0-9]?[ms]0?s?, then served while it is fetched again for 1 year, then while Next.js fails for 1h\n`, text)
	e.Cached(t, "/")
	assert.Contains(t, cli.RequestText(explained(t, e.URL("/"))), "kept      not the last answer: the answer says private, no-store or no-cache\n")
	for range 2 { // the second goes past the cache
		e.Cached(t, "/closed")
		assert.Contains(t, cli.RequestText(explained(t, e.URL("/closed"))), "kept      not the last answer: its status is 403 Forbidden\n")
	}
	assert.Contains(t, cli.RequestText(explained(t, e.URL("/nowhere"))), "kept      never, because the build has nothing at the path\n")

	other := cli.RequestText(explained(t, e.URL("/shop/a"), "RSC: 1", "Referer: "+e.URL("/news")))
	assert.Contains(t, other, "answer    the edge itself\nbecause   a page of another zone asks: its client is told to load the document\n")
	wrong := cli.RequestText(explained(t, "http://localhost:1/news"))
	assert.Contains(t, wrong, "note      no site listens on that port: this is what the one on :")

	data, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"uri":"/news"`)
	assert.NotContains(t, string(data), `"remote_port":"0"`, "only what visitors have asked is logged")
}

func TestExplainSaysWhenNothingAnswers(t *testing.T) {
	e := edgetest.Serve(t, "@next path /news\nroute @next {\n nextjs "+edgetest.Named(t, "main")+"\n}")
	assert.Equal(t, "request   /news\nanswer    none: no site of the configuration is for the host example.org\n",
		cli.RequestText(explained(t, "http://example.org:"+e.Port+"/news")))
	assert.Equal(t, "request   /news\nanswer    none: no site of the configuration is for the host example.org\n",
		cli.RequestText(explained(t, "https://example.org/news")), "on no port either")
	assert.Equal(t, "request   /\nanswer    none: the site has nothing for the path, so Caddy answers with an empty 200\n",
		cli.RequestText(explained(t, e.URL("/"))))
	assert.Equal(t, "root", explained(t, e.URL("/news")).Zone)
}

func TestEachZoneIsSaidOnceWhenItStarts(t *testing.T) {
	dir, log := filepath.Join(t.TempDir(), ".next"), filepath.Join(t.TempDir(), "log")
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/page": "/"}})
	site := fmt.Sprintf("nextjs {\n zone / main %s {\n build %s\n }\n zone /shop %s\n}", edgetest.Named(t, "main"), dir,
		edgetest.Named(t, "shop"))
	e := edgetest.Serve(t, site, fmt.Sprintf("log {\n output file %s\n format json\n }\n nextjs {\n state %s\n }", log,
		t.TempDir()))
	said := func() (lines []string) {
		data, err := os.ReadFile(log)
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, `"msg":"zone"`) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	require.Eventually(t, func() bool { return len(said()) == 2 }, edgetest.Patience, 10*time.Millisecond,
		"two zones on two sites")
	assert.Contains(t, said()[0], `"zone":"main","paths":["/"]`)
	assert.Contains(t, said()[0], `"build":"build-1"`)
	assert.Contains(t, said()[0], `"edge_answers":["files","pictures","pages"]`)
	assert.Contains(t, said()[1], `"zone":"shop","paths":["/shop"]`)
	assert.Contains(t, said()[1], `"build":"not known"`)
	assert.Contains(t, said()[1], `"edge_answers":["files that have passed through","pictures that have passed through"]`)
	assert.Error(t, e.Load(t, strings.Replace(site, "zone /shop", "zone shop", 1)), "it has no path")
	assert.Len(t, said(), 2, "what does not run is not said")
}

// A page is easily named in the place of a picture.
func TestTheImageReportSaysWhatWasAnsweredInsteadOfAPicture(t *testing.T) {
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "<!DOCTYPE html>")
	})
	e := edgetest.Serve(t, "nextjs {\n zone / "+next+" {\n image\n }\n}", "nextjs {\n state "+t.TempDir()+"\n}")
	for path, says := range map[string]string{
		"/": "source    / \\(no picture, 15 B, fetched in .*\\)\n(.*\n)*answer    400 The requested resource isn't a valid image.\n" +
			"because   the source is no picture: it was answered with 200 OK and Content-Type text/html; charset=utf-8\n$",
		"/gone": "source    /gone\n(.*\n)*because   fetching the source image from .*: the answer has status 404\n$",
	} {
		w, err := askAdmin(t, report.AdminPath(report.ImageRoute)+"?"+url.Values{"url": {e.URL(path)}}.Encode(), http.MethodGet, "")
		require.NoError(t, err)
		report := new(report.Image)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), report))
		assert.Regexp(t, says, cli.ImageText(report))
	}
}
