package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func explained(t *testing.T, address string, headers ...string) *requestReport {
	t.Helper()
	query := url.Values{"url": {address}, "header": headers}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, explainPath+"?"+query.Encode(), nil)
	require.NoError(t, serveRequestReport(w, r))
	report := new(requestReport)
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

	text := explained(t, e.URL("/news")).text()
	assert.Contains(t, text, "kept      not yet: the next answer is, if Next.js marks it for everybody\n")
	e.Cached(t, "/news")
	e.Cached(t, "/news")
	text = explained(t, e.URL("/news")).text()
	assert.Regexp(t, `age       [0-9]s, fresh for [1-6][0-9]?[ms]0?s?, then served while it is fetched again for 1 year, then while Next.js fails for 1h\n`, text)
	e.Cached(t, "/")
	assert.Contains(t, explained(t, e.URL("/")).text(), "kept      not the last answer: the answer says private, no-store or no-cache\n")
	for range 2 { // the second goes past the cache
		e.Cached(t, "/closed")
		assert.Contains(t, explained(t, e.URL("/closed")).text(), "kept      not the last answer: its status is 403 Forbidden\n")
	}
	assert.Contains(t, explained(t, e.URL("/nowhere")).text(), "kept      never, because the build has nothing at the path\n")

	other := explained(t, e.URL("/shop/a"), "RSC: 1", "Referer: "+e.URL("/news")).text()
	assert.Contains(t, other, "answer    the edge itself\nbecause   a page of another zone asks: its client is told to load the document\n")
	wrong := explained(t, "http://localhost:1/news").text()
	assert.Contains(t, wrong, "note      no site listens on that port: this is what the one on :")

	data, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"uri":"/news"`)
	assert.NotContains(t, string(data), `"remote_port":"0"`, "only what visitors have asked is logged")
}

func TestExplainSaysWhenNothingAnswers(t *testing.T) {
	e := edgetest.Serve(t, "@next path /news\nroute @next {\n nextjs "+edgetest.Named(t, "main")+"\n}")
	assert.Equal(t, "request   /news\nanswer    none: no site of the configuration is for the host example.org\n",
		explained(t, "http://example.org:"+e.Port+"/news").text())
	assert.Equal(t, "request   /news\nanswer    none: no site of the configuration is for the host example.org\n",
		explained(t, "https://example.org/news").text(), "on no port either")
	assert.Equal(t, "request   /\nanswer    none: the site has nothing for the path, so Caddy answers with an empty 200\n",
		explained(t, e.URL("/")).text())
	assert.Equal(t, "root", explained(t, e.URL("/news")).Zone)
}

func TestTimesThatAreNoneAreNotSaid(t *testing.T) {
	assert.Equal(t, "fresh for 1 year", (&keptPage{Fresh: 31536000, StaleWhile: 31536000, StaleIfError: 31536000}).timeText())
	assert.Equal(t, "stale since 5s, then served while it is fetched again for 10s", (&keptPage{Fresh: -5, StaleWhile: 10}).timeText())
}

func TestDurationsAsPeopleSayThem(t *testing.T) {
	for text, seconds := range map[string]float64{
		"0s": 0, "48s": 48, "1m": 60, "3m 20s": 200, "1h": 3600, "5h 10m": 5*3600 + 600, "1 day": 86400, "1 day 2h": 26 * 3600,
		"12 days": 12 * 86400, "1 year": 31535940, "2 years": 2 * 31536000,
	} {
		assert.Equal(t, text, duration(seconds))
	}
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

func TestTheVersionReport(t *testing.T) {
	report := newVersionReport()
	assert.NotEmpty(t, report.Version)
	text := report.text()
	for _, name := range []string{"nextjs ", "caddy ", "go ", "libvips "} {
		assert.Contains(t, text, name)
	}
	assert.Contains(t, versionReport{Version: "v1", Libvips: "8.14", AVIF: false}.text(), "libvips   8.14, without AVIF\n")
	assert.Contains(t, versionReport{Version: "v1"}.text(), "libvips   none: pictures are made by Next.js\n")
}
