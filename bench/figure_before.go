package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// costLimit is how much more than before a request may cost.
const costLimit = 1.02

// beforeKind is a kind of request whose cost is compared with that of the binary before.
type beforeKind struct {
	name     string
	path     string
	length   int64 // at least, of the body
	requests int
	encoding string
	accept   string
	// fresh: each request is for a page of its own, by its number after the path.
	fresh bool
	// ready reports whether an answer is of this kind; nil: any is.
	ready func(*http.Response) bool
}

// measureBefore compares the CPU time of each kind of request, one that is proxied, a miss, a hit, a file and a
// picture, with that of another binary of ours.
func measureBefore(ctx context.Context, b *bench) ([]row, error) {
	if b.before == "" {
		b.skip("before: no other binary was given by -before, skipped")
		return nil, nil
	}
	dist := filepath.Join(b.dir, "before", ".next")
	build, err := beforeBuild()
	if err != nil {
		return nil, err
	}
	if err := buildtest.WriteTo(dist, build); err != nil {
		return nil, fmt.Errorf("writing a build: %w", err)
	}
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	subjects := make([]subject, 2)
	for i, binary := range []struct{ path, name string }{{b.caddy, nameOurs}, {b.before, nameBefore}} {
		s, err := b.startCaddyBinary(ctx, binary.path, binary.name, oursCache(upstream.addr, dist), "off")
		if err != nil {
			return nil, err
		}
		if err := s.process.settle(ctx); err != nil { // it compresses the files of the build
			return nil, err
		}
		subjects[i] = s
	}
	var rows []row
	for _, kind := range b.beforeKinds() {
		measured, err := b.compareBefore(ctx, subjects, kind)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", kind.name, err)
		}
		rows = append(rows, compareAll(kind.name+", CPU per request", "us", measured, limits{Limit: costLimit})...)
	}
	return rows, nil
}

// beforeKinds are many requests each: CPU times are counted in hundredths of a second.
func (b *bench) beforeKinds() []beforeKind {
	const (
		page   = 10 << 10
		script = "/_next/static/chunks/17.js"
		many   = 4
	)
	hit := func(res *http.Response) bool { return isHit(nameOurs, res.Header) && isWhole(res) }
	return []beforeKind{
		{name: "proxied page of 10 KB", path: fmt.Sprintf("/page?bytes=%d", page), length: page, requests: 2 * b.requests},
		{
			name: "missed page of 10 KB", path: demandPage, length: page, requests: many * b.misses, fresh: true,
			ready: func(res *http.Response) bool { return isStored(res.Header.Get("Cache-Status")) },
		},
		{name: "kept page of 10 KB", path: demandPage + "kept", length: page, requests: many * b.requests, ready: hit},
		{
			name: "kept page of 10 KB as gzip", path: demandPage + "kept", length: page / 10, requests: many * b.requests,
			encoding: "gzip", ready: hit,
		},
		{name: "file of 17 KB", path: script, length: 17 << 10, requests: many * b.requests},
		{name: "file of 229 KB", path: "/_next/static/chunks/229.js", length: 229 << 10, requests: 2 * b.requests},
		{
			name: "file of 17 KB as it was compressed ahead", path: script, length: 8 << 10, requests: many * b.requests,
			encoding: "gzip", ready: isWhole,
		},
		{
			name: "picture from the cache", path: "/_next/image?url=%2Fpicture.jpg&w=640&q=75", length: 500,
			requests: many * b.requests, accept: "image/webp,*/*",
			ready: func(res *http.Response) bool {
				return res.Header.Get("X-Nextjs-Cache") == "HIT" && res.Header.Get("Content-Type") == "image/webp"
			},
		},
	}
}

// isWhole reports whether an answer was not compressed on its way, which leaves it without a length.
func isWhole(res *http.Response) bool { return res.ContentLength > 0 }

// compareBefore measures a kind of request in turn.
func (b *bench) compareBefore(ctx context.Context, subjects []subject, kind beforeKind) (map[string][]float64, error) {
	for _, s := range subjects {
		if err := kind.await(ctx, s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if err := s.process.settle(ctx); err != nil { // what is kept is written in the background
			return nil, err
		}
	}
	used := map[string]int{}
	loadOf := func(s subject, requests int) load {
		l := load{
			paths: []string{kind.path}, requests: requests, concurrency: concurrency, minLength: kind.length,
			encoding: kind.encoding, accept: kind.accept,
		}
		if kind.fresh {
			l.paths = make([]string, requests)
			for i := range l.paths {
				l.paths[i] = fmt.Sprintf("%s%d", kind.path, used[s.name]+i)
			}
			used[s.name] += requests
		}
		return l
	}
	for _, s := range subjects {
		if err := loadOf(s, max(kind.requests/5, concurrency)).run(ctx, s.addr); err != nil {
			return nil, fmt.Errorf("%s: warming up: %w", s.name, err)
		}
	}
	return interleave(ctx, b.rounds, subjects, func(ctx context.Context, s subject) (float64, error) {
		return loadOf(s, kind.requests).cpuPerRequest(ctx, s)
	})
}

// await asks a server until its answer is of the kind, so that nothing else is measured.
func (k beforeKind) await(ctx context.Context, s subject) error {
	c, err := dial(ctx, s.addr)
	if err != nil {
		return err
	}
	defer c.close()
	c.accept = cmp.Or(k.accept, c.accept)
	for n, deadline := 0, time.Now().Add(patience); time.Now().Before(deadline); n++ {
		path := k.path
		if k.fresh {
			path = fmt.Sprintf("%sfirst-%d", path, n)
		}
		res, err := c.get(path, k.encoding)
		if err != nil {
			return err
		}
		_, err = readBody(res)
		_ = res.Body.Close() // it has been read
		if err != nil || k.ready == nil || k.ready(res) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("no answer of the kind within %s", patience)
}
