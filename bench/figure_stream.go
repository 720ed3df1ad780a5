package main

import (
	"context"
	"fmt"
	"time"
)

// measureStreams compares how much later a chunk of a stream is readable than without a proxy.
func measureStreams(ctx context.Context, b *bench) ([]row, error) {
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	proxies, err := b.proxies(ctx, upstream.addr)
	if err != nil {
		return nil, err
	}
	direct := subject{name: nameDirect, addr: upstream.addr, process: upstream}
	var rows []row
	for _, encoding := range []string{"", "gzip", "zstd"} {
		for _, first := range []int{2 << 10, 400} {
			s := streamCase{encoding: encoding, plan: chunkPlan{count: 20, first: first, size: 2 << 10, gap: 20 * time.Millisecond}}
			measured, err := s.measure(ctx, b, append([]subject{direct}, s.able(proxies)...))
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
			if err != nil {
				rows = append(rows, row{Name: s.name(), Error: err.Error()})
				continue
			}
			rows = append(rows, compareAll(s.name()+", p99 added", "ms", measured.p99, limits{Limit: 1.2})...)
			rows = append(rows, compareAll(s.name()+", p50 added", "ms", measured.p50, limits{})...)
		}
	}
	return rows, nil
}

// streamCase is one kind of stream.
type streamCase struct {
	encoding string
	plan     chunkPlan
}

func (s streamCase) name() string {
	encoding := encodingName(s.encoding)
	if s.plan.first == s.plan.size {
		return fmt.Sprintf("stream %s", encoding)
	}
	return fmt.Sprintf("stream %s, first chunk %d B", encoding, s.plan.first)
}

func encodingName(encoding string) string {
	if encoding == "" {
		return "identity"
	}
	return encoding
}

// able leaves out the proxies that do not know the encoding.
func (s streamCase) able(proxies []subject) []subject {
	var able []subject
	for _, p := range proxies {
		if p.name != nameNginx || s.encoding != "zstd" {
			able = append(able, p)
		}
	}
	return able
}

// addedDelays are milliseconds by subject and round.
type addedDelays struct{ p50, p99 map[string][]float64 }

func (s streamCase) measure(ctx context.Context, b *bench, subjects []subject) (addedDelays, error) {
	if _, err := s.streams(ctx, b.streams, 1, subjects); err != nil {
		return addedDelays{}, fmt.Errorf("warming up: %w", err)
	}
	added := addedDelays{p50: map[string][]float64{}, p99: map[string][]float64{}}
	measured, err := interleave(ctx, b.streamRounds, subjects, func(ctx context.Context, subject subject) ([]float64, error) {
		return s.streamsOf(ctx, b.streams, b.streamWaves, subject)
	})
	if err != nil {
		return addedDelays{}, err
	}
	for round, direct := range measured[nameDirect] {
		// A chunk's way without a proxy is subtracted as a typical one: the slowest of either side have nothing to do
		// with each other, so their difference would mean nothing.
		floor := median(direct)
		for name, delays := range measured {
			if name != nameDirect {
				added.p50[name] = append(added.p50[name], percentile(delays[round], 50)-floor)
				added.p99[name] = append(added.p99[name], percentile(delays[round], 99)-floor)
			}
		}
	}
	return added, nil
}

func (s streamCase) streams(ctx context.Context, streams, waves int, subjects []subject) (map[string][][]float64, error) {
	return interleave(ctx, 1, subjects, func(ctx context.Context, subject subject) ([]float64, error) {
		return s.streamsOf(ctx, streams, waves, subject)
	})
}

// streamsOf reads waves of streams from a subject. The upstream does not compress, so what comes from it directly is
// plain.
func (s streamCase) streamsOf(ctx context.Context, streams, waves int, subject subject) ([]float64, error) {
	encoding := s.encoding
	if subject.name == nameDirect {
		encoding = ""
	}
	var delays []float64
	for range waves {
		wave, err := s.plan.delaysOf(ctx, subject.addr, encoding, streams)
		if err != nil {
			return nil, err
		}
		delays = append(delays, wave...)
	}
	return delays, nil
}
