package main

import (
	"context"
	"fmt"
	"os"
)

// measureMemory tells what a proxy holds in memory after it has served pages, and how large the binary is. It is
// information: the pages that nginx's workers share are counted for each of them.
func measureMemory(ctx context.Context, b *bench) ([]row, error) {
	const length = 10 << 10
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	subjects, err := b.proxies(ctx, upstream.addr)
	if err != nil {
		return nil, err
	}
	l := load{
		paths: []string{fmt.Sprintf("/page?bytes=%d", length)}, requests: b.memoryServed, concurrency: concurrency, minLength: length,
	}
	measured, err := interleave(ctx, 1, subjects, func(ctx context.Context, s subject) (float64, error) {
		if err := l.run(ctx, s.addr); err != nil {
			return 0, err
		}
		used, err := groupUsage(s.process.group())
		return mebibytes(used.rss), err
	})
	if err != nil {
		return nil, err
	}
	rows := compareAll(fmt.Sprintf("memory after %d pages of 10 KB", l.requests), "MiB", measured, limits{})
	binary, err := os.Stat(b.caddy)
	if err != nil {
		return rows, fmt.Errorf("reading the size of the binary: %w", err)
	}
	return append(rows, row{Name: "binary, with all of stock Caddy", Unit: "MiB", Ours: mebibytes(binary.Size())}), nil
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }
