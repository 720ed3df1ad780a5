package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// measureAllocations compares what a request allocates, as Go's runtime counts it. Unlike times it hardly depends on
// the machine, so it also tells on a busy one whether a change made requests cheaper.
func measureAllocations(ctx context.Context, b *bench) ([]row, error) {
	const length = 10 << 10
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	var subjects []subject
	admin := map[string]string{}
	for _, proxy := range []struct{ name, site string }{
		{nameOurs, oursProxy(upstream.addr)}, {nameStock, stockProxy(upstream.addr)},
	} {
		if admin[proxy.name], err = freeAddress(ctx); err != nil {
			return nil, err
		}
		s, err := b.startCaddy(ctx, proxy.name, proxy.site, admin[proxy.name])
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	l := load{
		paths: []string{fmt.Sprintf("/page?bytes=%d", length)}, requests: b.requests, concurrency: concurrency, minLength: length,
	}
	if err := l.warm(ctx, subjects); err != nil {
		return nil, err
	}
	measured, err := interleave(ctx, 3, subjects, func(ctx context.Context, s subject) (allocations, error) {
		before, err := allocationsOf(ctx, admin[s.name])
		if err != nil {
			return allocations{}, err
		}
		if err := l.run(ctx, s.addr); err != nil {
			return allocations{}, err
		}
		after, err := allocationsOf(ctx, admin[s.name])
		requests := float64(l.requests)
		return allocations{(after.objects - before.objects) / requests, (after.bytes - before.bytes) / requests}, err
	})
	if err != nil {
		return nil, err
	}
	objects, kilobytes := map[string][]float64{}, map[string][]float64{}
	for name, rounds := range measured {
		for _, round := range rounds {
			objects[name] = append(objects[name], round.objects)
			kilobytes[name] = append(kilobytes[name], round.bytes/1000)
		}
	}
	const name = "proxy 10 KB page, allocated per request"
	return append(compareAll(name, "objects", objects, limits{}), compareAll(name, "kB", kilobytes, limits{})...), nil
}

// allocations are the heap objects that a process, or a request, has allocated, freed ones included.
type allocations struct{ objects, bytes float64 }

// allocationsOf asks the admin endpoint of a Caddy.
func allocationsOf(ctx context.Context, admin string) (allocations, error) {
	c, err := dial(ctx, admin)
	if err != nil {
		return allocations{}, fmt.Errorf("asking the admin endpoint: %w", err)
	}
	defer c.close()
	res, err := c.get("/debug/pprof/allocs?debug=1", "")
	if err != nil {
		return allocations{}, fmt.Errorf("asking the admin endpoint: %w", err)
	}
	defer res.Body.Close() // it has been read
	return parseAllocations(res.Body)
}

// parseAllocations reads the runtime.MemStats at the end of a heap profile in text form.
func parseAllocations(profile io.Reader) (allocations, error) {
	var a allocations
	lines := bufio.NewScanner(profile)
	lines.Buffer(nil, 1<<20) // the pauses of the garbage collector are one long line
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " = ")
		if !ok {
			continue
		}
		var err error
		switch name {
		case "# Mallocs":
			a.objects, err = strconv.ParseFloat(value, 64)
		case "# TotalAlloc":
			a.bytes, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return allocations{}, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	if err := lines.Err(); err != nil {
		return allocations{}, fmt.Errorf("reading a heap profile: %w", err)
	}
	if a.objects == 0 || a.bytes == 0 {
		return allocations{}, errors.New("the heap profile does not say what was allocated")
	}
	return a, nil
}
