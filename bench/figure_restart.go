package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// isStored reports whether a Cache-Status says that an answer of the upstream is being kept: nothing was, and its head
// gives no reason against it. Not all of these are said to be stored before their bodies have come.
func isStored(status string) bool { return strings.HasSuffix(status, "; detail=absent") }

// restartHost is asked for before and after: the ports of the edges differ, and the host is a part of the key.
const restartHost = "site.test"

// measureRestart tells how long after the start of an edge that has very many pages on disk the first of them is
// served. The edge before was killed.
func measureRestart(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	// A page takes three blocks, and its record one.
	global := fmt.Sprintf("nextjs {\n\t\tstate %s\n\t\tcache {\n\t\t\tcache_size %d\n\t\t}\n\t}", filepath.Join(b.dir, "state"), b.keptPages*20<<10)
	start := func() (subject, error) {
		return b.startCaddyWith(ctx, b.caddy, nameOurs, global, fmt.Sprintf("nextjs %s {\n\t\tcache\n\t}", upstream.addr), "off")
	}
	edge, err := start()
	if err != nil {
		return nil, err
	}
	pages := make([]string, b.keptPages)
	for n := range pages {
		pages[n] = sharedPage(n)
	}
	if err := (load{paths: pages, requests: len(pages), concurrency: concurrency, minLength: 10 << 10, host: restartHost}).run(ctx, edge.addr); err != nil {
		return nil, fmt.Errorf("filling the cache: %w", err)
	}
	var took []float64
	for n := range b.starts {
		edge.process.stop()
		begin := time.Now()
		if edge, err = start(); err != nil {
			return nil, err
		}
		page := pages[(n+1)*len(pages)/(b.starts+1)]
		if err := askKept(ctx, edge.addr, page); err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	return []row{{
		Name: fmt.Sprintf("start with %d pages of 10 KB on disk to the first that is served", len(pages)), Unit: "ms", Ours: median(took), limits: limits{Limit: 1000, OnValue: true},
	}}, nil
}

// askKept asks for a page that must be kept.
func askKept(ctx context.Context, addr, page string) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.close()
	c.host = restartHost
	res, err := c.get(page, "")
	if err != nil {
		return err
	}
	defer res.Body.Close() // it has been read
	if !isHit(nameOurs, res.Header) {
		return fmt.Errorf("%s was kept before the restart, and is answered with Cache-Status %q", page, res.Header.Get("Cache-Status"))
	}
	_, err = readBody(res)
	return err
}
