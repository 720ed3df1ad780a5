package caddymodule

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Pods of one name that run different builds are noticed, and those that run one are not.
func TestUpstreamsThatRunDifferentBuildsAreNoticed(t *testing.T) {
	for zone, other := range map[string]string{"mixed-pods": "d2", "alike-pods": "d1"} {
		e := edgetest.Serve(t, "nextjs {\n zone / "+zone+" "+nextApplication(t, "first", "d1")+" "+nextApplication(t, "second", other)+"\n}")
		for range 8 {
			e.Ask(t, http.MethodGet, "/page?_rsc=1", "Rsc", "1")
		}
		noticed := metric(t, "notices_total", zone, "mixed_deployments") > 0
		assert.Equal(t, other != "d1", noticed, zone)
	}
}

// quietPod is an upstream that answers as an application whose build has no deployment id, with the files of the build.
type quietPod struct {
	address string
	asked   atomic.Int64 // for the file that only a build has
	pages   atomic.Int64
}

func newQuietPod(t *testing.T, basePath, buildID string) *quietPod {
	t.Helper()
	p := new(quietPod)
	p.address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/_ssgManifest.js"):
			p.asked.Add(1)
			if r.URL.Path != basePath+"/_next/static/"+buildID+"/_ssgManifest.js" {
				http.NotFound(w, r)
			}
		default:
			p.pages.Add(1)
			_, _ = fmt.Fprintf(w, "0:{\"b\":%q}\n", buildID)
		}
	})
	return p
}

// compareQuickly has upstreams be compared all the time by the edges of a test.
func compareQuickly(t *testing.T) {
	before := mixedEvery
	t.Cleanup(func() { mixedEvery = before })
	mixedEvery = 10 * time.Millisecond
}

// Where no answer tells the build, the upstreams are asked for what only one build has.
func TestUpstreamsThatSayNoDeploymentIDAreNoticedByTheirFiles(t *testing.T) {
	compareQuickly(t)
	dir, log := filepath.Join(t.TempDir(), ".next"), edgetest.File(t, "")
	buildtest.Write(t, dir, buildtest.Build{ID: "a", Config: buildtest.JSON{"basePath": "/known"}})
	quiet := "quiet-" + edgetest.FreePort(t) // what is said of a zone is said once in an hour
	first, second := newQuietPod(t, "/"+quiet, "a"), newQuietPod(t, "/"+quiet, "b")
	alike, like := newQuietPod(t, "/like", "a"), newQuietPod(t, "/like", "a")
	alone := newQuietPod(t, "/alone", "a")
	known, unlike := newQuietPod(t, "/known", "a"), newQuietPod(t, "/known", "b")
	zones := fmt.Sprintf("zone /%s %s %s\n zone /like %s %s\n zone /alone %s\n zone /known %s %s {\n build %s\n }",
		quiet, first.address, second.address, alike.address, like.address, alone.address, known.address, unlike.address,
		dir)
	edgetest.Serve(t, "nextjs {\n "+zones+"\n}", "log {\n output file "+log+"\n format json\n}")
	noticed := func(zone string) float64 { return metric(t, "notices_total", zone, "mixed_deployments") }
	for _, p := range []*quietPod{first, second, alike, like} {
		edgetest.Eventually(t, edgetest.Patience, func() bool { return p.asked.Load() > 5 }, "upstreams are compared")
	}
	assert.InDelta(t, 1, noticed(quiet), 0, "once")
	assert.Zero(t, noticed("like"))
	assert.EqualValues(t, 2, alike.pages.Load()+like.pages.Load(), "one is asked once: for a payload and a document")
	assert.Zero(t, alone.asked.Load()+alone.pages.Load())
	assert.Zero(t, known.pages.Load()+unlike.pages.Load(), "the edge has the build")

	text, err := os.ReadFile(log)
	require.NoError(t, err)
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return !strings.Contains(line, `"notice":"mixed_deployments"`)
	})
	require.Len(t, lines, 1)
	said := []string{first.address, second.address, `"runs":`, `"remedy":"give each build upstreams of its own`}
	for _, part := range said {
		assert.Contains(t, lines[0], part)
	}
}

// A deployment that was ordered is compared, too, from when it is live.
func TestUpstreamsOfAnOrderedDeploymentAreCompared(t *testing.T) {
	compareQuickly(t)
	noticed := func() float64 { return metric(t, "notices_total", "shop", "mixed_deployments") }
	old, first, second := newQuietPod(t, "", "old"), newQuietPod(t, "", "a"), newQuietPod(t, "", "b")
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+old.address+"\n}")
	before := noticed()
	status, text := e.deploy("42", fmt.Sprintf(`{"upstreams": [%q, %q]}`, first.address, second.address))
	require.Equal(t, http.StatusOK, status, text)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return noticed() > before }, "it is noticed")
	assert.Zero(t, old.asked.Load())
}
