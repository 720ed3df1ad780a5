package main

import (
	"context"
	"fmt"
)

// measureProxy compares the CPU time of a request for a page of fixed length.
func measureProxy(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	subjects, err := b.proxies(ctx, upstream.addr)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, page := range []struct {
		name   string
		length int
		limits limits
	}{
		{"10 KB", 10 << 10, limits{Limit: 1.10, Aim: 1.0}},
		{"1 KB", 1 << 10, limits{}},
		{"100 KB", 100 << 10, limits{}},
	} {
		l := load{
			paths:       []string{fmt.Sprintf("/page?bytes=%d", page.length)},
			requests:    b.requests,
			concurrency: concurrency,
			minLength:   int64(page.length),
		}
		if err := l.warm(ctx, subjects); err != nil {
			return rows, err
		}
		measured, err := interleave(ctx, b.rounds, subjects, l.cpuPerRequest)
		if err != nil {
			return rows, err
		}
		name := fmt.Sprintf("proxy %s page, CPU per request", page.name)
		rows = append(rows, compareAll(name, "us", measured, page.limits)...)
	}
	return rows, nil
}
