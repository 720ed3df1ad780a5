package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// measurePrecompressed compares the CPU time of a request for a file that was compressed ahead: ours from the edge's
// copies, the peers' from files beside it.
func measurePrecompressed(ctx context.Context, b *bench) ([]row, error) {
	dist := filepath.Join(b.dir, "compressed", ".next")
	sizes := []struct {
		name   string
		length int
		limits limits
	}{
		// Random letters have about 0.6 of their size in gzip.
		{"17 KB", 28 << 10, limits{Limit: 0.6}},
		{"229 KB", 380 << 10, limits{Limit: 0.4}},
	}
	files := map[string]string{}
	for i, size := range sizes {
		text := randomText(size.length)
		compressed, err := codings.Compress("gzip", []byte(text))
		if err != nil {
			return nil, fmt.Errorf("compressing a file for the peers: %w", err)
		}
		files[fmt.Sprintf("static/chunks/%d.js", i)], files[fmt.Sprintf("static/chunks/%d.js.gz", i)] = text, string(compressed)
	}
	if err := buildtest.WriteTo(dist, buildtest.Build{Files: files}); err != nil {
		return nil, fmt.Errorf("writing a build: %w", err)
	}
	root := filepath.Join(b.dir, "compressed", "root")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("making the root of the peers: %w", err)
	}
	if err := os.Symlink(dist, filepath.Join(root, "_next")); err != nil {
		return nil, fmt.Errorf("making the root of the peers: %w", err)
	}
	subjects, err := b.fileServers(ctx, dist, root)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, size := range sizes {
		path := fmt.Sprintf("/_next/static/chunks/%d.js", i)
		if err := waitForCopy(ctx, subjects[0].addr, path); err != nil {
			return rows, err
		}
		l := load{paths: []string{path}, requests: b.requests, concurrency: concurrency, minLength: int64(size.length) / 2, encoding: "gzip"}
		if err := l.warm(ctx, subjects); err != nil {
			return rows, err
		}
		measured, err := interleave(ctx, b.rounds, subjects, l.cpuPerRequest)
		if err != nil {
			return rows, err
		}
		rows = append(rows, compareAll(fmt.Sprintf("file of %s as it was compressed ahead, CPU per request", size.name), "us", measured, size.limits)...)
	}
	return rows, nil
}

// waitForCopy waits until ours has a copy: its length is known.
func waitForCopy(ctx context.Context, addr, path string) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.close()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		res, err := c.get(path, "gzip")
		if err != nil {
			return err
		}
		_, err = readBody(res)
		_ = res.Body.Close() // it has been read
		if err != nil || res.ContentLength > 0 {
			return err
		}
	}
	return fmt.Errorf("%s was not compressed ahead within %s", path, patience)
}

// measureFiles tells what it takes to load a build of many files: the time, and the memory that stays.
func measureFiles(_ context.Context, b *bench) ([]row, error) {
	const count = 5000
	dir := filepath.Join(b.dir, "many", ".next")
	files := make(map[string]string, count)
	for i := range count {
		files[fmt.Sprintf("static/chunks/app/(group)/page-%d/page-%016x.js", i, i*7919)] = "export {}"
	}
	if err := buildtest.WriteTo(dir, buildtest.Build{Files: files}); err != nil {
		return nil, fmt.Errorf("writing a build: %w", err)
	}
	var times, sizes []float64
	for range b.liveRounds {
		before, start := heapInUse(), time.Now()
		build, err := nextbuild.Read(dir)
		if err != nil {
			return nil, fmt.Errorf("reading the build: %w", err)
		}
		ruleSet, claims := rules.NewSet(build), zones.NewClaims(build)
		set, err := assets.NewSet(build, assets.Settings{})
		if err != nil {
			return nil, fmt.Errorf("preparing the files of the build: %w", err)
		}
		times = append(times, float64(time.Since(start).Microseconds())/1000)
		sizes = append(sizes, float64(heapInUse()-before)/(1<<20))
		runtime.KeepAlive(ruleSet)
		runtime.KeepAlive(claims)
		if err := set.Close(); err != nil {
			return nil, fmt.Errorf("closing the files of the build: %w", err)
		}
	}
	return []row{
		{Name: fmt.Sprintf("load a build of %d files, with their verdicts", count), Unit: "ms", Ours: median(times), limits: limits{Limit: 300, OnValue: true}},
		{Name: fmt.Sprintf("memory of a build of %d files, without their bodies", count), Unit: "MB", Ours: median(sizes), limits: limits{Limit: 5, OnValue: true}},
	}, nil
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what the first has made free by finalizers
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
