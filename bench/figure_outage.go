package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// queuedRequests are how many wait at once while memory is read.
const queuedRequests = 1000

// measureOutage tells how long pages take that are kept while the only upstream is gone, and what a request holds in
// memory that waits for it.
func measureOutage(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	admin, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.startCaddy(ctx, nameOurs, fmt.Sprintf(`nextjs {
		zone web / %s {
			queue %d 5m
		}
		cache
	}`, upstream.addr, queuedRequests), admin)
	if err != nil {
		return nil, err
	}
	page := sharedPage(0)
	if _, err := openLoop(ctx, ours.addr, page, b.balanced/4); err != nil {
		return nil, fmt.Errorf("having the page kept: %w", err)
	}
	there, err := b.keptWaits(ctx, ours, page)
	if err != nil {
		return nil, err
	}
	upstream.stop()
	gone, err := b.keptWaits(ctx, ours, page) // nobody else answers: each answer is one that was kept
	if err != nil {
		return nil, err
	}
	held, err := queueMemory(ctx, ours, admin)
	if err != nil {
		return nil, err
	}
	return []row{
		{Name: "kept page of 10 KB while no upstream answers, p99", Unit: "ms", Ours: gone, limits: limits{Limit: 10, OnValue: true}},
		{Name: "the same page while it answers, p99", Unit: "ms", Ours: there},
		{Name: fmt.Sprintf("request that waits for an upstream, resident memory of each of %d", queuedRequests), Unit: "KiB", Ours: held},
	}, nil
}

// keptWaits returns the p99 of a kept page in milliseconds, the median of the rounds.
func (b *bench) keptWaits(ctx context.Context, edge subject, page string) (float64, error) {
	var waits []float64
	for range min(b.rounds, balanceRounds) {
		round, err := openLoop(ctx, edge.addr, page, b.balanced)
		if err != nil {
			return 0, err
		}
		waits = append(waits, percentile(round, 99))
	}
	return median(waits), nil
}

// queueMemory has requests wait, and returns the KiB that each of them takes, with the connection of its client.
func queueMemory(ctx context.Context, edge subject, admin string) (float64, error) {
	before, err := groupUsage(edge.process.group())
	if err != nil {
		return 0, err
	}
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for n := range queuedRequests { // each is for a page of its own: those for one page wait for one answer
		c, err := dial(ctx, edge.addr)
		if err != nil {
			return 0, err
		}
		defer c.close()
		waiting.Go(func() { _, _ = c.fetch(fmt.Sprintf("%s&n=%d", balancePage, n), "") }) // it ends with the connection
	}
	if err := awaitQueue(ctx, admin, queuedRequests); err != nil {
		return 0, err
	}
	after, err := groupUsage(edge.process.group())
	return float64(after.rss-before.rss) / 1024 / queuedRequests, err
}

// awaitQueue waits until as many requests wait as are asked for.
func awaitQueue(ctx context.Context, admin string, length int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	want := fmt.Sprintf(`caddy_nextjs_queue_waiting{zone="web"} %d`, length)
	for {
		isThere, err := hasLine(ctx, admin, "/metrics", want)
		if err != nil || isThere {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d requests in the queue: %w", length, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// hasLine reports whether what is served at a path has a line.
func hasLine(ctx context.Context, addr, path, line string) (bool, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return false, err
	}
	defer c.close()
	res, err := c.get(path, "")
	if err != nil {
		return false, err
	}
	defer res.Body.Close() // the connection ends with it
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.TrimSpace(lines.Text()) == line {
			return true, nil
		}
	}
	return false, nil
}
