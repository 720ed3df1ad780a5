package main

import (
	"context"
	"fmt"
	"time"
)

// measureStart tells how long after its start the binary gives the first proxied answer. The file system has the binary
// in memory already, as it has on a machine where the edge is started again.
func measureStart(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	sites := map[string]string{nameOurs: oursProxy(upstream.addr), nameStock: stockProxy(upstream.addr)}
	once := func(ctx context.Context, s subject) (float64, error) {
		begin := time.Now()
		started, err := b.startCaddy(ctx, s.name, sites[s.name], "off")
		if err != nil {
			return 0, err
		}
		defer started.process.stop()
		if err := (load{paths: []string{"/page?bytes=1024"}, requests: 1, concurrency: 1, minLength: 1024}).run(ctx, started.addr); err != nil {
			return 0, err
		}
		return float64(time.Since(begin).Microseconds()) / 1000, nil
	}
	subjects := []subject{{name: nameOurs}, {name: nameStock}}
	if _, err := interleave(ctx, 1, subjects, once); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	measured, err := interleave(ctx, b.starts, subjects, once)
	if err != nil {
		return nil, err
	}
	return compareAll("start to the first answer", "ms", measured, limits{Limit: 150, OnValue: true}), nil
}
