package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// load is a fixed amount of work for a server.
type load struct {
	paths       []string // requested in turn
	requests    int
	concurrency int
	minLength   int64  // a page that is shorter is an error
	encoding    string // of the answers; empty for none
	accept      string // types; empty for text/html
	host        string // empty for the address
}

// run requests the pages. It stops at the first error: a server that fails is not measured.
func (l load) run(ctx context.Context, addr string) error {
	_, err := l.transfer(ctx, addr)
	return err
}

// transfer is run, and returns the bytes of all bodies as they came.
func (l load) transfer(ctx context.Context, addr string) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var turn, received atomic.Int64
	var workers sync.WaitGroup
	for range l.concurrency {
		workers.Go(func() {
			if err := l.work(ctx, addr, &turn, &received); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	return received.Load(), context.Cause(ctx)
}

func (l load) work(ctx context.Context, addr string, turn, received *atomic.Int64) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.close()
	c.accept, c.host = cmp.Or(l.accept, c.accept), cmp.Or(l.host, c.host)
	for {
		n := int(turn.Add(1)) - 1
		if n >= l.requests {
			return nil
		}
		path := l.paths[n%len(l.paths)]
		length, err := c.fetch(path, l.encoding)
		if err != nil {
			return err
		}
		received.Add(length)
		if length < l.minLength {
			return fmt.Errorf("%s has %d bytes, expected at least %d", path, length, l.minLength)
		}
	}
}

// cpuPerRequest returns the microseconds of CPU time a request costs the server.
func (l load) cpuPerRequest(ctx context.Context, s subject) (float64, error) {
	spent, err := cpuOf(func() error { return l.run(ctx, s.addr) }, s.process)
	if err != nil {
		return 0, err
	}
	return float64(spent[0].Microseconds()) / float64(l.requests), nil
}

// warm brings a server to its working state: connections open, code and buffers in memory.
func (l load) warm(ctx context.Context, subjects []subject) error {
	l.requests = max(l.requests/5, l.concurrency)
	for _, s := range subjects {
		if err := l.run(ctx, s.addr); err != nil {
			return fmt.Errorf("%s: warming up: %w", s.name, err)
		}
	}
	return nil
}
