package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// subject is a way to ask for many pictures of one source.
type subject struct {
	name     string
	source   string // of the jobs; empty: not shared
	inFlight int    // that are asked for at once; 0: all
}

// alone is what the others are compared with.
var alone = subject{"each for itself", "", 0}

var subjects = []subject{
	{"shared, all at once", "photo", 0},
	{"shared, six at a time", "photo", 6},
	{"shared, two at a time", "photo", 2},
}

// taken is what all pictures took.
type taken struct {
	CPU, Wall float64 // seconds
	Shared    int64   // jobs
	Most      int64   // bytes of shared pixels, seen at the end of some job
	Sum       string  // of all results
}

// compareSharing makes all pictures in two ways at the same time, by two processes, so that what else the machine does
// is the same for both.
func compareSharing(photo string, formats string, rounds int) error {
	fmt.Printf("%d widths in %s; medians of %d rounds\n", len(widths), formats, rounds)
	fmt.Printf("%-24s %9s %9s %-15s %7s %12s\n", "", "CPU s", "alone", "ratio", "shared", "kept at most")
	for n, s := range subjects {
		var cpu, peer, ratios []float64
		var last taken
		for range rounds {
			pair, err := inPairs(photo, formats, n)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if pair[0].Sum != pair[1].Sum {
				return fmt.Errorf("%s: other bytes than each for itself", s.name)
			}
			last = pair[1]
			peer, cpu = append(peer, pair[0].CPU), append(cpu, pair[1].CPU)
			ratios = append(ratios, pair[1].CPU/pair[0].CPU)
		}
		fmt.Printf("%-24s %9.2f %9.2f %.3f (%.2f-%.2f) %7d %9.1f MB\n", s.name, median(cpu), median(peer),
			median(ratios), slices.Min(ratios), slices.Max(ratios), last.Shared, float64(last.Most)/(1<<20))
	}
	return nil
}

// inPairs lets one process make all pictures each for itself, and another one at the same time as a subject does.
func inPairs(photo, formats string, subject int) ([2]taken, error) {
	var (
		pair   [2]taken
		failed [2]error
		both   sync.WaitGroup
	)
	for n, which := range []int{-1, subject} {
		both.Go(func() {
			out, err := again("-formats", formats, "-subject", strconv.Itoa(which), photo)
			if err == nil {
				err = json.Unmarshal(out, &pair[n])
			}
			failed[n] = err
		})
	}
	both.Wait()
	return pair, errors.Join(failed[:]...)
}

// again runs the program as a part of the measurement.
func again(args ...string) ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

// makeAll makes all pictures by a pipeline of their own.
func (s subject) makeAll(photo []byte, formats string) (taken, error) {
	var jobs []imageopt.Job
	for _, width := range widths {
		for format := range strings.SplitSeq(formats, ",") {
			jobs = append(jobs, imageopt.Job{Width: width, Quality: 75, Output: "image/" + format})
		}
	}
	p, err := imageopt.NewPipeline(imageopt.Limits{Queue: len(jobs), QueueWait: time.Hour, Timeout: time.Hour}, zap.NewNop())
	if err != nil {
		return taken{}, err
	}
	defer p.Close()
	inFlight := s.inFlight
	if inFlight == 0 {
		inFlight = len(jobs)
	}
	var (
		t       taken
		mu      sync.Mutex
		workers sync.WaitGroup
		made    = make([][]byte, len(jobs))
		failed  = make([]error, len(jobs))
		next    = make(chan int)
	)
	cpu, start := cpuTime(), time.Now()
	for range inFlight {
		workers.Go(func() {
			for n := range next {
				job := jobs[n]
				job.Source = s.source
				made[n], failed[n] = p.Transform(context.Background(), photo, vips.JPEG, job)
				mu.Lock()
				t.Most = max(t.Most, p.Stats().SharedBytes)
				mu.Unlock()
			}
		})
	}
	for n := range jobs {
		next <- n
	}
	close(next)
	workers.Wait()
	t.CPU, t.Wall, t.Shared = (cpuTime() - cpu).Seconds(), time.Since(start).Seconds(), p.Stats().Shared
	hash := sha256.New()
	for n := range jobs {
		if failed[n] != nil {
			return t, failed[n]
		}
		hash.Write(made[n])
	}
	t.Sum = hex.EncodeToString(hash.Sum(nil))
	return t, nil
}

// cpuTime is what the process has used.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
