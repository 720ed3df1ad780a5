package pagecache

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// held is how many bytes the bodies hold that come in or are still read.
func held(c *Cache) (bytes int64) {
	c.budget.mu.Lock()
	bodies := make([]*sharedBody, 0, len(c.budget.holders))
	for g := range c.budget.holders {
		bodies = append(bodies, g)
	}
	c.budget.mu.Unlock()
	for _, g := range bodies {
		g.mu.Lock()
		for _, chunk := range g.chunks {
			bytes += int64(len(chunk))
		}
		g.mu.Unlock()
	}
	return bytes
}

// greedy are slow clients, each with an answer of its own.
type greedy struct {
	*site
	clients []*blocked
	work    sync.WaitGroup
}

const greedyPiece = 32 << 10

// begin has so many slow clients ask for an answer of a size each.
func (g *greedy) begin(t *testing.T, settings Settings, count, size int) {
	g.site = newSite(t, settings, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		for range size / greedyPiece {
			if _, err := io.WriteString(w, strings.Repeat(r.URL.Path[1:2], greedyPiece)); err != nil {
				panic(http.ErrAbortHandler) // as httputil.ReverseProxy does
			}
		}
	})
	for i := range count {
		client := newBlocked()
		g.clients = append(g.clients, client)
		path := fmt.Sprintf("/%c", 'a'+i)
		g.work.Go(func() {
			defer func() { client.broken = recover() }()
			_, _ = g.serve(client, httptest.NewRequest(http.MethodGet, path, nil), g.facts(path, policy.VariantHTML))
		})
	}
	for _, client := range g.clients {
		<-client.began
	}
}

// end lets the slow ones read on, and looks at what they have got.
func (g *greedy) end(t *testing.T, size int) {
	for _, client := range g.clients {
		close(client.release)
	}
	g.work.Wait()
	for i, client := range g.clients {
		assert.Nil(t, client.broken)
		assert.True(t, client.Body.String() == strings.Repeat(string(rune('a'+i)), size), "client %d has %d bytes", i, client.Body.Len())
	}
	assert.Zero(t, g.cache.Stats().Filling)
	assert.Zero(t, held(g.cache))
	assert.Empty(t, g.cache.budget.holders)
}

// However many slow readers there are of answers that are too large to be kept, what they hold is within the bound, but
// for the piece of each that comes in.
func TestWhatSlowReadersHoldIsWithinTheBound(t *testing.T) {
	const size, bound, count = 5 << 20, 4 << 20, 16
	var g greedy
	g.begin(t, Settings{MaxBody: 1 << 20, FillMemory: bound}, count, size)
	require.Eventually(t, func() bool {
		g.cache.fetches.mu.Lock()
		defer g.cache.fetches.mu.Unlock()
		for fl := range g.cache.fetches.open {
			fl.body.mu.Lock()
			waits := fl.body.progress != nil
			fl.body.mu.Unlock()
			if !waits {
				return false
			}
		}
		return len(g.cache.fetches.open) == count
	}, 10*time.Second, time.Millisecond, "all wait for their clients")
	assert.LessOrEqual(t, held(g.cache), int64(bound+count*2*greedyPiece))
	assert.LessOrEqual(t, g.cache.Stats().Filling, int64(bound))
	g.end(t, size)
	assert.EqualValues(t, count, g.fetches.Load())
}

// Slow readers of answers that have come long since take nobody's room: they get the rest from what is kept, or the
// upstream is asked once more.
func TestSlowReadersGiveWay(t *testing.T) {
	const size, count = 1 << 20, 4
	for name, purged := range map[string]bool{"kept": false, "purged since": true} {
		t.Run(name, func(t *testing.T) {
			var g greedy
			g.begin(t, Settings{MaxBody: size, FillMemory: count * size}, count, size)
			for i := range count {
				eventuallyHits(t, g.site, fmt.Sprintf("/%c", 'a'+i))
			}
			require.EqualValues(t, count*size, g.cache.Stats().Filling)
			if purged {
				require.NoError(t, g.cache.Purge(Selector{Space: "zone", All: true}))
			}
			assert.Equal(t, miss, g.ask("/z", policy.VariantHTML).result)
			assert.Equal(t, hit, g.ask("/z", policy.VariantHTML).result, "it is kept, though the slow ones still read")
			assert.Positive(t, g.cache.Stats().Degraded)
			g.end(t, size)
			if !purged {
				assert.EqualValues(t, count+1, g.fetches.Load())
			}
		})
	}
}

// eventuallyHits waits until a page is kept.
func eventuallyHits(t *testing.T, s *site, path string) {
	t.Helper()
	require.Eventually(t, func() bool { return s.ask(path, policy.VariantHTML).result == hit }, 10*time.Second, time.Millisecond)
}
