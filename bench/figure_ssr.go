package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// liveApp is the example whose /live streams: React fills two places of the page 0.4 s and 1.2 s later.
const liveApp = "examples/multi-zone/home"

// measureSSR compares what a proxy spends on a page streamed by Next.js with what Next.js spends on it.
func measureSSR(ctx context.Context, b *bench) ([]row, error) {
	script, err := filepath.Abs(filepath.Join(liveApp, ".next", "standalone", "server.js"))
	if err != nil {
		return nil, fmt.Errorf("finding the example: %w", err)
	}
	if b.node == "" {
		return nil, nil
	}
	if _, err := os.Stat(script); err != nil {
		b.skip(liveApp + ": not built, skipped")
		return nil, nil
	}
	node, err := b.startNode(ctx, script)
	if err != nil {
		return nil, err
	}
	proxies, err := b.proxies(ctx, node.addr)
	if err != nil {
		return nil, err
	}
	// The page waits most of its time, so many are under way at once; it is far from short.
	l := load{paths: []string{"/live"}, requests: b.livePages, concurrency: 64, minLength: 5 << 10}
	if err := l.warm(ctx, proxies); err != nil {
		return nil, err
	}
	measured, err := interleave(ctx, b.liveRounds, proxies, func(ctx context.Context, s subject) (float64, error) {
		spent, err := cpuOf(func() error { return l.run(ctx, s.addr) }, s.process, node)
		if err != nil {
			return 0, err
		}
		return 100 * float64(spent[0]) / float64(spent[0]+spent[1]), nil
	})
	if err != nil {
		return nil, err
	}
	return compareAll("edge share of a streamed SSR page", "%", measured, limits{Limit: 15, Aim: 8, OnValue: true}), nil
}
