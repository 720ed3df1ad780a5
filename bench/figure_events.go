package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// eventMemory is the most that an open event stream may take, all of it: its two connections, and its encoder (KiB).
const eventMemory = 300

// measureEvents tells what an open event stream holds in memory in each encoding. Each has processes of its own: what
// one encoding has left would serve the next.
func measureEvents(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, encoding := range []string{"", "gzip", "br", "zstd"} {
		measured, err := b.eventMemory(ctx, encoding)
		b.fleet.stopAll()
		if err != nil {
			return rows, err
		}
		name := fmt.Sprintf("open event stream, %s, resident memory", encodingName(encoding))
		limit := limits{Limit: eventMemory, OnValue: true}
		if len(measured) == 1 { // nobody else has it
			rows = append(rows, row{Name: name, Unit: "KiB", Ours: median(measured[nameOurs]), limits: limit})
			continue
		}
		rows = append(rows, compareAll(name, "KiB", measured, limit)...)
	}
	return rows, nil
}

// eventMemory returns the KiB for each open event stream by subject.
func (b *bench) eventMemory(ctx context.Context, encoding string) (map[string][]float64, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	proxies, err := b.proxies(ctx, upstream.addr)
	if err != nil {
		return nil, err
	}
	proxies = slices.DeleteFunc(proxies, func(p subject) bool {
		return p.name == nameNginx || p.name == nameStock && encoding == "br"
	})
	return interleave(ctx, 1, proxies, func(ctx context.Context, s subject) (float64, error) {
		if _, err := openEvents(ctx, s, encoding, 1); err != nil {
			return 0, fmt.Errorf("warming up: %w", err)
		}
		before, err := groupUsage(s.process.group())
		if err != nil {
			return 0, err
		}
		after, err := openEvents(ctx, s, encoding, b.eventStreams)
		return float64(after.rss-before.rss) / 1024 / float64(b.eventStreams), err
	})
}

// openEvents opens event streams, reads some events of each, and returns what the subject uses while all are open.
func openEvents(ctx context.Context, s subject, encoding string, streams int) (usage, error) {
	const read = 100
	plan := chunkPlan{count: 1 << 20, first: 300, size: 300, gap: 20 * time.Millisecond}
	var readers sync.WaitGroup
	clients, errs := make([]*client, streams), make([]error, streams)
	for i := range streams {
		readers.Go(func() {
			if clients[i], errs[i] = dial(ctx, s.addr); errs[i] == nil {
				errs[i] = clients[i].readEvents(plan, encoding, read)
			}
		})
	}
	readers.Wait()
	used, err := groupUsage(s.process.group())
	for _, c := range clients {
		if c != nil {
			c.close()
		}
	}
	return used, errors.Join(append(errs, err)...)
}

// readEvents opens an event stream and reads some of its events.
func (c *client) readEvents(plan chunkPlan, encoding string, count int) error {
	res, err := c.get(plan.path()+"&events=1", encoding) //nolint:bodyclose // it is open for as long as the client is
	if err != nil {
		return err
	}
	if got := res.Header.Get("Content-Encoding"); got != encoding {
		return fmt.Errorf("the stream came with Content-Encoding %q, expected %q", got, encoding)
	}
	body, err := decoder(res.Body, encoding) // neither is closed: what follows is not read, the connection ends with it
	if err != nil {
		return err
	}
	events := bufio.NewScanner(body)
	for range count {
		if !events.Scan() {
			return fmt.Errorf("reading an event: %w", errors.Join(events.Err(), errors.New("the stream has ended")))
		}
	}
	return nil
}
