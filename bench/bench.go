package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// bench is one run: what it may use, and what it must tidy up.
type bench struct {
	options
	scale
	dir     string
	nginx   string // path of the binary; empty if there is none
	node    string
	fleet   fleet
	skipped []string
	notes   []string // of what was measured with
}

// scale is how much is measured. Many short rounds are better than a few long ones: a disturbance then spoils few of
// the pairs, and the median passes it over.
type scale struct {
	rounds       int
	requests     int // of a fixed page, for each subject and round
	streamRounds int
	streams      int // at once
	eventStreams int // open at once
	streamWaves  int // times that many streams, for each subject and round
	liveRounds   int
	livePages    int // streamed pages of Next.js, for each subject and round
	encodeRounds int
	encodePages  int // streamed pages of a build, for each subject, encoding and round
	starts       int
	memoryServed int // pages before memory is read
	imageRounds  int
	pictures     int // of each class
	navigations  int
	purgeEntries int
	misses       int // of the edge that keeps pages, and of the one that keeps none, for each round
	keptPages    int // before a restart
	balanced     int // requests spread over upstreams, for each subject and round
	actions      int // of each size, by the edge with deployments and by the one without, for each round
}

var (
	fullScale = scale{
		rounds: 25, requests: 8_000, streamRounds: 9, streams: 16, streamWaves: 2, eventStreams: 300, liveRounds: 5, livePages: 640, memoryServed: 50_000,
		encodeRounds: 9, encodePages: 600, starts: 25, imageRounds: 3, pictures: 6, navigations: 10_000, purgeEntries: 1_000_000, misses: 1000, keptPages: 100_000, balanced: 1000, actions: 300,
	}
	shortScale = scale{
		rounds: 3, requests: 5_000, streamRounds: 3, streams: 16, streamWaves: 1, eventStreams: 100, liveRounds: 3, livePages: 128, memoryServed: 10_000,
		encodeRounds: 3, encodePages: 120, starts: 5, imageRounds: 1, pictures: 2, navigations: 10_000, purgeEntries: 200_000, misses: 300, keptPages: 20_000, balanced: 400, actions: 100,
	}
)

// concurrency is the number of keep-alive connections of the load generator.
const concurrency = 16

func newBench(o options) (*bench, error) {
	b := &bench{options: o, scale: fullScale}
	if o.short {
		b.scale = shortScale
	}
	var err error
	if b.caddy, err = filepath.Abs(o.caddy); err != nil {
		return nil, fmt.Errorf("finding the Caddy binary: %w", err)
	}
	if _, err = exec.LookPath(b.caddy); err != nil {
		return nil, fmt.Errorf("finding the Caddy binary (build it with `go build -o bin/caddy ./caddy-build`): %w", err)
	}
	if o.before != "" {
		if b.before, err = filepath.Abs(o.before); err != nil {
			return nil, fmt.Errorf("finding the binary before: %w", err)
		}
	}
	b.nginx = b.find("nginx")
	if slices.ContainsFunc([]string{"ssr", "images", "first", "pages", "navigations"}, b.wants) {
		b.node = b.find("node")
	}
	if b.dir, err = os.MkdirTemp("", "caddy-nextjs-bench-"); err != nil {
		return nil, fmt.Errorf("making a directory for the run: %w", err)
	}
	b.fleet.dir = b.dir
	return b, nil
}

func (b *bench) wants(figure string) bool { return len(b.only) == 0 || slices.Contains(b.only, figure) }

// find returns the path of an installed program. What is not installed is named once in the result.
func (b *bench) find(program string) string {
	path, err := exec.LookPath(program)
	if err != nil {
		b.skip(program + ": not installed, skipped")
		return ""
	}
	return path
}

func (b *bench) skip(what string) { addOnce(&b.skipped, what) }

// note adds a line below the table.
func (b *bench) note(what string) { addOnce(&b.notes, what) }

func addOnce(list *[]string, what string) {
	if !slices.Contains(*list, what) {
		*list = append(*list, what)
	}
}

func (b *bench) close() {
	b.fleet.stopAll()
	if err := os.RemoveAll(b.dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench: removing the directory of the run:", err)
	}
}
