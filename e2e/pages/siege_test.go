//go:build e2e

package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// view is one way to ask for a dated page.
type view struct {
	app     *fireApp
	path    string
	headers []string
}

func (s *fireSite) views() (list []view) {
	for _, a := range s.apps() {
		list = append(list, view{a, a.dated, nil}, view{a, a.dated + "?_rsc=", []string{"RSC", "1"}})
	}
	return list
}

// siege is clients that ask for the dated pages without pause, and check that nobody is given what is older than what
// somebody had before.
type siege struct {
	site     *fireSite
	mayFail  atomic.Bool // requests may fail now
	answered atomic.Int64
	kept     atomic.Int64 // of them from what was kept

	mu     sync.Mutex
	seen   map[*fireApp]int64 // the newest page that a client has had
	purged map[*fireApp]int   // what has a number up to this was purged
	wrong  []string

	stopping atomic.Bool
	workers  sync.WaitGroup
}

func startSiege(t *testing.T, s *fireSite) *siege {
	t.Helper()
	b := &siege{site: s, seen: map[*fireApp]int64{}, purged: map[*fireApp]int{}}
	t.Cleanup(b.stop)
	for _, v := range s.views() {
		client := edgetest.PlainClient(t)
		for range 2 {
			b.workers.Go(func() {
				for !b.stopping.Load() {
					b.ask(client, v)
				}
			})
		}
	}
	return b
}

func (b *siege) ask(client *http.Client, v view) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*edgetest.Patience)
	defer cancel()
	b.mu.Lock()
	oldest, purged := b.seen[v.app], b.purged[v.app]
	b.mu.Unlock()
	mayFail := b.mayFail.Load()
	a := fetch(ctx, client, b.site.URL(v.path), v.headers...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.err != nil || a.status != http.StatusOK {
		if !mayFail && !b.mayFail.Load() {
			b.wrong = append(b.wrong, fmt.Sprintf("%s %v: %d %v", v.path, v.headers, a.status, a.err))
		}
		return
	}
	at := madeAt(a.body)
	switch {
	case !v.app.answered(a.body):
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: a body that the application has not answered: %q", v.path, v.headers, a.body))
	case at < oldest:
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: made at %d, somebody had one made at %d: %v", v.path, v.headers, at, oldest, a.header))
	case number(a.header) <= purged:
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: number %d, purged up to %d: %v", v.path, v.headers, number(a.header), purged, a.header))
	}
	b.seen[v.app] = max(b.seen[v.app], at)
	b.answered.Add(1)
	if how := howOf(a.header); how == "hit" || how == "stale" {
		b.kept.Add(1)
	}
}

// wasPurged says that what has a number up to this is purged.
func (b *siege) wasPurged(a *fireApp, number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.purged[a] = max(b.purged[a], number)
}

// isMade says that a page was made, so nobody is to get an older one.
func (b *siege) isMade(a *fireApp, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[a] = max(b.seen[a], at)
}

func (b *siege) waitForMore(t testing.TB, n int64) {
	t.Helper()
	until := b.answered.Load() + n
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool { return b.answered.Load() >= until }, "requests go on")
}

func (b *siege) stop() {
	b.stopping.Store(true)
	b.workers.Wait()
}

// wrongs are the first answers that were wrong so far.
func (b *siege) wrongs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.wrong[:min(len(b.wrong), 5)])
}

// check ends the siege, and reports what was wrong.
func (b *siege) check(t testing.TB) {
	t.Helper()
	b.stop()
	assert.Empty(t, b.wrongs())
	assert.Positive(t, b.kept.Load(), "some came from the cache")
}
