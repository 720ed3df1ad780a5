package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// measureHeads tells what a proxy holds in memory while it has 2400 requests with the largest heads that it takes. Each
// of them is in flight: the upstream does not answer, or the client does not take the answer.
func measureHeads(ctx context.Context, b *bench) ([]row, error) {
	const (
		connections, requests = 10, 240
		oursLimit, stockLimit = 64 << 10, 16 << 10
		nodeFields            = 980
	)
	var held atomic.Int64
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the upstream: %w", err)
	}
	upstream := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		held.Add(1)
		<-r.Context().Done()
	}), ReadHeaderTimeout: time.Minute}
	defer upstream.Close()
	go func() { _ = upstream.Serve(listener) }()
	address := listener.Addr().String()
	sites := map[string]string{nameOurs: oursProxy(address), nameStock: stockProxy(address)}
	const global = "servers {\n protocols h1 h2c\n }"

	once := func(heads map[string]largeHeads) func(context.Context, subject) (float64, error) {
		return func(ctx context.Context, s subject) (float64, error) {
			started, err := b.startCaddyWith(ctx, b.caddy, s.name, global, sites[s.name], "off")
			if err != nil {
				return 0, err
			}
			defer started.process.stop()
			held.Store(0)
			for range connections {
				conn, err := heads[s.name].open(started.addr, requests, func() { held.Add(1) })
				if conn != nil {
					defer conn.Close()
				}
				if err != nil {
					return 0, err
				}
			}
			ctx, stop := context.WithTimeout(ctx, time.Minute)
			defer stop()
			for ; held.Load() < connections*requests; time.Sleep(10 * time.Millisecond) {
				if err := ctx.Err(); err != nil {
					return 0, fmt.Errorf("%d of %d requests are in flight: %w", held.Load(), connections*requests, err)
				}
			}
			used, err := groupUsage(started.process.group())
			return mebibytes(used.rss), err
		}
	}
	ours, stock := subject{name: nameOurs}, subject{name: nameStock}
	var rows []row
	for _, c := range []struct {
		name     string
		indexed  bool
		refused  bool
		subjects []subject
	}{
		{"memory with 2400 of the largest heads in flight, indexed fields", true, false, []subject{ours, stock}},
		{"memory with 2400 of the largest heads in flight, literal fields", false, false, []subject{ours, stock}},
		{"memory with 2400 refused heads whose client does not read, indexed fields", true, true, []subject{ours}},
		{"memory with 2400 refused heads whose client does not read, literal fields", false, true, []subject{ours}},
	} {
		heads := map[string]largeHeads{
			nameOurs:  {indexed: c.indexed, bytes: oursLimit, fields: nodeFields},
			nameStock: {indexed: c.indexed, bytes: stockLimit, fields: nodeFields},
		}
		if c.refused {
			heads[nameOurs] = largeHeads{indexed: c.indexed, bytes: oursLimit, fields: oursLimit}
		}
		measured, err := interleave(ctx, 1, c.subjects, once(heads))
		if err != nil {
			return rows, err
		}
		if c.refused {
			rows = append(rows, row{Name: c.name, Unit: "MiB", Ours: median(measured[nameOurs])})
			continue
		}
		rows = append(rows, compareAll(c.name, "MiB", measured, limits{})...)
	}
	return rows, nil
}
