package caddymodule

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestARequestOfTheApplicationItselfIsNoticed(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	logger := zap.New(core)
	ours, others := edge.NoticesOf("came back", "a"), edge.NoticesOf("came back", "b")
	sent := func(z *edge.Notices, via ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		r.Header["Via"] = append([]string{}, via...)
		z.MarkVia(r.Header)
		return r
	}
	for _, c := range []struct {
		from *edge.Notices
		via  []string
		want int
	}{
		{ours, nil, 0},
		{ours, []string{"1.1 proxy.example"}, 0},
		{others, []string{"1.1 Caddy"}, 0}, // the application of another site, whose zone has the same name
		{ours, []string{"1.1 Caddy"}, 1},
		{ours, []string{"1.1 proxy.example", "2.0 Caddy"}, 0}, // within the hour
	} {
		before := logs.Len()
		ours.OfRequest(sent(c.from, c.via...), logger)
		assert.Equal(t, c.want, logs.Len()-before, "%v", c.via)
	}
	ours.Said[edge.NoticeCameBack].Last.Add(-int64(time.Hour + time.Minute))
	ours.OfRequest(sent(ours, "3.0 Caddy"), logger)
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, "/a", logs.All()[1].ContextMap()["path"])
	assert.NotEqual(t, "1.1 Caddy", sent(ours, "1.1 Caddy").Header.Get("Via"))
	assert.Equal(t, []string{"1.1 proxy.example"}, sent(ours, "1.1 proxy.example").Header["Via"], "another's is left alone")

	h := http.Header{"Via": {"1.1 Caddy"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		h["Via"][0] = "1.1 Caddy"
		ours.MarkVia(h)
		ours.OfRequest(&http.Request{Header: http.Header{}}, logger)
	}))
}

// An upstream that is the edge itself: a request that waited for the answer to itself would wait for ever.
func TestARequestThatGoesInACircleEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/page/page": "/page"}, Files: map[string]string{"static/a.js": ""}})
	counted := func() float64 { return metric(t, "notices_total", "root", "loop") }
	for _, words := range []string{"cache", "build " + dir} {
		e := edgetest.New(t)
		require.NoError(t, e.Load(t, fmt.Sprintf("nextjs localhost:%s {\n %s\n}", e.Port, words)))
		before := counted()
		for _, path := range []string{"/page", "/_next/static/chunks/b.js", "/_next/image?url=%2Fa.png&w=64&q=75", "/api/x"} {
			client := &http.Client{Timeout: edgetest.Patience}
			res, err := client.Get("http://localhost:" + e.Port + path)
			require.NoError(t, err, "%s %s", words, path)
			require.NoError(t, res.Body.Close())
			assert.GreaterOrEqual(t, res.StatusCode, 400, "%s %s", words, path)
		}
		assert.Greater(t, counted(), before)
		require.NoError(t, caddy.Stop())
	}
}
