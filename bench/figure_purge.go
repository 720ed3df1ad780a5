package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// purgeShare is how many entries have one tag.
const purgeShare = 1000

// measurePurge tells how long it takes to purge a tag that a thousandth of very many entries have. The entries are
// small, and kept through the package, within this process: a million in memory, fewer on disk, where a purge writes a
// file and entries take long to write.
func measurePurge(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, kept := range []struct {
		where   string
		entries int
		store   blobstore.Settings
	}{
		{"in memory", b.purgeEntries, blobstore.Settings{Memory: int64(b.purgeEntries) * 4 << 10}},
		{"on disk", b.purgeEntries / 20, blobstore.Settings{Dir: filepath.Join(b.dir, "hoard"), Size: int64(b.purgeEntries) << 10}},
	} {
		purged, filled, err := b.measureHoard(ctx, kept.entries, kept.store)
		if err != nil {
			return rows, err
		}
		rows = append(rows,
			row{Name: fmt.Sprintf("purge of a tag of %d among %d entries %s", kept.entries/purgeShare, kept.entries, kept.where), Unit: "ms", Ours: purged, limits: limits{Limit: 50, OnValue: true}},
			row{Name: fmt.Sprintf("keeping %d entries %s", kept.entries, kept.where), Unit: "s", Ours: filled},
		)
	}
	return rows, nil
}

// measureHoard returns the milliseconds of a purge, and the seconds that it took to fill the store.
func (b *bench) measureHoard(ctx context.Context, entries int, settings blobstore.Settings) (purged, filled float64, err error) {
	h, err := openHoard(entries, settings) //nolint:contextcheck // a cache has one of its own
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	begin := time.Now()
	if err := h.fill(ctx); err != nil {
		return 0, 0, err
	}
	filled = time.Since(begin).Seconds()
	var took []float64
	for n := range b.rounds {
		one, err := h.purge(n) //nolint:contextcheck // the same
		if err != nil {
			return 0, 0, err
		}
		took = append(took, float64(one.Microseconds())/1000)
	}
	return median(took), filled, nil
}

// hoard is a page cache with very many entries.
type hoard struct {
	entries int
	store   *blobstore.Store
	cache   *pagecache.Cache
}

func openHoard(entries int, settings blobstore.Settings) (*hoard, error) {
	store, err := blobstore.Open(settings)
	if err != nil {
		return nil, fmt.Errorf("opening a store for entries: %w", err)
	}
	cache, err := pagecache.New(store, pagecache.Settings{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening a page cache: %w", err), store.Close())
	}
	return &hoard{entries, store, cache}, nil
}

func (h *hoard) close() error {
	h.cache.Close()
	if err := h.store.Close(); err != nil {
		return fmt.Errorf("closing the store of entries: %w", err)
	}
	return nil
}

// tagOf names the tag of a page.
func tagOf(n int) string { return "tag-" + strconv.Itoa(n%purgeShare) }

// fill keeps all entries.
func (h *hoard) fill(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	count := runtime.NumCPU()
	for worker := range count {
		workers.Go(func() {
			for n := worker; n < h.entries && ctx.Err() == nil; n += count {
				if result, err := h.ask(n); err != nil || result != policy.ResultMiss { //nolint:contextcheck // the same
					cancel(fmt.Errorf("keeping entry %d: it is a %s: %w", n, result, err))
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// ask asks for a page, which is made when it is not kept.
func (h *hoard) ask(n int) (policy.ResultKind, error) {
	path := "/page-" + strconv.Itoa(n)
	r, err := http.NewRequest(http.MethodGet, path, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("making a request: %w", err)
	}
	facts := policy.Facts{Space: "site", Path: path, Class: policy.ClassPage, Now: time.Now()}
	facts.Said = &policy.Said{Tags: []string{tagOf(n)}}
	result, err := h.cache.Serve(httpwriter.NewDiscard(), r, facts, func(w http.ResponseWriter, _ *http.Request) error {
		header := w.Header()
		header.Set("Content-Type", "text/html")
		header.Set("Cache-Control", "s-maxage=31536000")
		_, err := w.Write([]byte(path))
		return err
	}, nil)
	return result.Kind, err
}

// purge purges the tag of a page, and looks whether what has it is gone, and what has not is there.
func (h *hoard) purge(page int) (time.Duration, error) {
	begin := time.Now()
	if err := h.cache.Purge(pagecache.Selector{Space: "site", Tag: tagOf(page)}); err != nil {
		return 0, fmt.Errorf("purging a tag: %w", err)
	}
	took := time.Since(begin)
	for n, want := range map[int]policy.ResultKind{page: policy.ResultMiss, page + purgeShare: policy.ResultMiss, h.entries - 1: policy.ResultHit} {
		if got, err := h.ask(n); err != nil || got != want {
			return 0, fmt.Errorf("after the purge of %s, page %d is a %s, expected a %s: %w", tagOf(page), n, got, want, err)
		}
	}
	return took, nil
}
