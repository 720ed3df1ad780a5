package caddymodule

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestAPrefetchThatIsMadeOverAndOverIsEmpty(t *testing.T) {
	var asked atomic.Int64
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/x-component")
		w.Header().Set("X-Nextjs-Prerender", "1")
		w.Header().Set("Cache-Control", "s-maxage=60")
		_, _ = w.Write([]byte("payload"))
	})
	count := func() float64 { return metric(t, "repairs_total", "root", "prefetch_flood") }
	for _, test := range []struct {
		words  string
		passes int // of 60
	}{
		{"", 20},
		{"cache", 20}, // what is kept counts as well
		{"repair {\n prefetch_flood 50 30s\n }", 50},
		{"repair {\n prefetch_flood off\n }", 60},
		{"repair off", 60},
	} {
		for _, front := range []string{edgetest.H1, edgetest.H2} {
			e := edgetest.Serve(t, "nextjs "+address+" {\n "+test.words+"\n}")
			client, base := e.Client(t, front)
			before, passed := count(), 0
			for range 60 {
				res, body := askWith(t, client, http.MethodGet, base+"/page", ofSegment)
				if res.StatusCode == http.StatusOK {
					assert.Equal(t, "payload", body)
					passed++
					continue
				}
				assert.Equal(t, http.StatusNoContent, res.StatusCode)
				assert.Equal(t, []string{"private, no-store"}, res.Header["Cache-Control"])
				assert.Empty(t, res.Header["Cache-Status"])
			}
			assert.Equal(t, test.passes, passed, "%s over %s", test.words, front)
			assert.InDelta(t, 60-test.passes, count()-before, 0)

			// Whatever else is asked for is not counted.
			for _, others := range []http.Header{
				{},
				{"Rsc": {"1"}, "Next-Router-Prefetch": {"1"}},
				withHeader(ofSegment, "Cookie", "a=1"),
				withHeader(ofSegment, "Next-Router-Segment-Prefetch", "/_index"),
			} {
				res, _ := askWith(t, client, http.MethodGet, base+"/page", others)
				assert.Equal(t, http.StatusOK, res.StatusCode, others)
			}
			res, _ := askWith(t, client, http.MethodGet, base+"/another", ofSegment)
			assert.Equal(t, http.StatusOK, res.StatusCode)
		}
	}
	assert.NotZero(t, metric(t, "prefetch_flood_bytes"))
}

// Behind a proxy that is trusted, a client is who the proxy says.
func TestPrefetchesAreCountedForEachClient(t *testing.T) {
	address := edgetest.Upstream(t, func(http.ResponseWriter, *http.Request) {})
	e := edgetest.Serve(t, "nextjs "+address, "servers {\n trusted_proxies static 127.0.0.0/8 ::1/128\n }")
	client, base := e.Client(t, edgetest.H1)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2"} {
		for i := range 21 {
			res, _ := askWith(t, client, http.MethodGet, base+"/page", withHeader(ofSegment, "X-Forwarded-For", ip))
			assert.Equal(t, i == 20, res.StatusCode == http.StatusNoContent, "%s %d", ip, i)
		}
	}
}

func withHeader(h http.Header, name, value string) http.Header {
	h = h.Clone()
	h.Set(name, value)
	return h
}

func TestJSONOfPrefetchFloodIsChecked(t *testing.T) {
	for _, p := range []edge.PrefetchFlood{{Window: 1}, {Count: 1001, Window: 1}, {Count: 20}, {Count: 20, Window: -1}} {
		_, err := (&edge.Repairs{PrefetchFlood: &p}).Of("root")
		assert.ErrorContains(t, err, "repair: prefetch_flood: ", p)
	}
}
