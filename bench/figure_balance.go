package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	// balanceEvery is the pause between two requests, whatever becomes of them: 100 a second.
	balanceEvery = 10 * time.Millisecond
	// balanceRounds are few and long: the highest percentile of a short one says nothing.
	balanceRounds = 5
	// balancePage is small, so that only the wait for its upstream counts.
	balancePage = "/page?bytes=1024"
)

// measureBalance compares how long a page takes where one of three upstreams is ten times slower than the others.
func measureBalance(ctx context.Context, b *bench) ([]row, error) {
	var upstreams []string
	for _, delay := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, 10 * time.Millisecond} {
		upstream, err := b.startUpstream(ctx, "-delay", delay.String())
		if err != nil {
			return nil, err
		}
		upstreams = append(upstreams, upstream.addr)
	}
	all := strings.Join(upstreams, " ")
	peers := []struct {
		name, policy string
		limits
	}{
		{"Caddy's default", "", limits{Limit: 0.5}},
		{"Caddy's least_conn", "lb_policy least_conn", limits{Limit: 1.0}},
	}
	ours, err := b.startCaddy(ctx, nameOurs, oursProxy(all), "off")
	if err != nil {
		return nil, err
	}
	subjects := []subject{ours}
	for _, peer := range peers {
		s, err := b.startCaddy(ctx, peer.name, fmt.Sprintf("reverse_proxy %s {\n\t\t%s\n\t}", all, peer.policy), "off")
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	for _, s := range subjects { // connections open, and what can be learned of the upstreams learned
		if _, err := openLoop(ctx, s.addr, balancePage, b.balanced/4); err != nil {
			return nil, fmt.Errorf("%s: warming up: %w", s.name, err)
		}
	}
	measured, err := interleave(ctx, min(b.rounds, balanceRounds), subjects, func(ctx context.Context, s subject) (float64, error) {
		waits, err := openLoop(ctx, s.addr, balancePage, b.balanced)
		return percentile(waits, 99), err
	})
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, peer := range peers {
		rows = append(rows, compareAll("page where one of three upstreams is 10x slower, p99", "ms",
			map[string][]float64{nameOurs: measured[nameOurs], peer.name: measured[peer.name]}, peer.limits)...)
	}
	return rows, nil
}

// openLoop asks for a page at a steady pace, and returns how many milliseconds each answer took, from when it was due.
func openLoop(ctx context.Context, addr, page string, requests int) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waits := make([]float64, requests)
	idle := &idleClients{addr: addr}
	defer idle.close()
	var asking sync.WaitGroup
	begin := time.Now()
	for n := range requests {
		due := begin.Add(time.Duration(n) * balanceEvery)
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(due)):
		}
		asking.Go(func() {
			if err := idle.fetch(ctx, page); err != nil {
				cancel(err)
			}
			waits[n] = float64(time.Since(due).Microseconds()) / 1000
		})
	}
	asking.Wait()
	return waits, context.Cause(ctx)
}

// idleClients are kept-alive connections that wait for a request.
type idleClients struct {
	addr string
	mu   sync.Mutex
	list []*client
}

// fetch requests a path on a connection that is idle, or a new one.
func (c *idleClients) fetch(ctx context.Context, path string) error {
	conn := c.take()
	if conn == nil {
		var err error
		if conn, err = dial(ctx, c.addr); err != nil {
			return err
		}
	}
	if _, err := conn.fetch(path, ""); err != nil {
		conn.close()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, conn)
	return nil
}

func (c *idleClients) take() *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		return nil
	}
	last := len(c.list) - 1
	conn := c.list[last]
	c.list = c.list[:last]
	return conn
}

func (c *idleClients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.list {
		conn.close()
	}
}
