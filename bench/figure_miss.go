package main

import (
	"context"
	"fmt"
	"time"
)

// sharedPage is the path of a page of 10 KB that may be kept for an hour; each number is a page of its own.
func sharedPage(n int) string { return fmt.Sprintf("/page?bytes=%d&shared=3600&n=%d", 10<<10, n) }

// measureMiss tells how much later the head of a page comes when it is being kept, next to the same edge that keeps
// none. Both are asked in turn, one request at a time.
func measureMiss(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	clients := make([]*client, 2)
	for i, site := range []struct{ name, directive string }{
		{nameOurs, fmt.Sprintf("nextjs %s {\n\t\tcache\n\t}", upstream.addr)}, {"without cache", oursProxy(upstream.addr)},
	} {
		s, err := b.startCaddy(ctx, site.name, site.directive, "off")
		if err != nil {
			return nil, err
		}
		if clients[i], err = dial(ctx, s.addr); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		defer clients[i].close()
	}
	var added, without []float64
	for round := range b.rounds + 1 {
		var waits [2][]float64
		for n := range b.misses {
			for i := range clients {
				i = (i + n) % 2
				wait, err := clients[i].firstByte(sharedPage(round*b.misses+n), i == 0)
				if err != nil {
					return nil, err
				}
				waits[i] = append(waits[i], wait.Seconds()*1000)
			}
		}
		if round > 0 { // the first one warms up
			without = append(without, median(waits[1]))
			added = append(added, median(waits[0])-median(waits[1]))
		}
	}
	return []row{
		{Name: "page of 10 KB that was not kept yet, p50 added to its first byte", Unit: "ms", Ours: median(added), limits: limits{Limit: 0.3, OnValue: true}},
		{Name: "the same page where none are kept, p50 of its first byte", Unit: "ms", Ours: median(without)},
	}, nil
}

// firstByte returns how long the head of a page takes to come. One that is kept must be a miss.
func (c *client) firstByte(path string, kept bool) (time.Duration, error) {
	begin := time.Now()
	res, err := c.get(path, "")
	if err != nil {
		return 0, err
	}
	wait := time.Since(begin)
	defer res.Body.Close() // it has been read
	if status := res.Header.Get("Cache-Status"); kept != isStored(status) {
		return 0, fmt.Errorf("%s was answered with Cache-Status %q", path, status)
	}
	_, err = readBody(res)
	return wait, err
}
