package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// measurePages compares a page that is found in the cache with the same bytes from Caddy's memory, from Next.js's own
// cache, and from Varnish.
func measurePages(ctx context.Context, b *bench) ([]row, error) {
	const path = "/shelf/page-1"
	subjects, length, err := b.pageServers(ctx, path)
	if err != nil || subjects == nil {
		return nil, err
	}
	var rows []row
	for _, coding := range []string{"", "gzip"} {
		name := "kept page of 10 KB"
		if coding != "" {
			name += " as " + coding
		}
		hits, err := b.measureHits(ctx, subjects, func(s subject) load {
			l := load{paths: []string{path}, requests: b.requests, concurrency: concurrency, minLength: length, encoding: coding}
			switch {
			case s.name == nameStock:
				l.encoding = "" // it has the page as it is
			case coding != "":
				l.minLength = length / 10
			}
			if s.name == nameNext {
				l.requests /= 4
			}
			return l
		})
		if err != nil {
			return rows, err
		}
		for _, peer := range []struct {
			name string
			limits
		}{{nameStock, limits{Limit: 1.2}}, {nameNext, limits{Limit: 0.12}}, {nameVarnish, limits{}}} {
			rows = append(rows, compareAll(name+", CPU per request", "us", between(hits.cpu, peer.name), peer.limits)...)
		}
		rows = append(rows, compareAll(name+", requests per second", "", between(hits.rate, nameVarnish), limits{Limit: 0.4, Least: true})...)
	}
	return rows, nil
}

// hits are the measurements of each subject, in the order of rounds.
type hits struct {
	cpu  map[string][]float64 // microseconds a request
	rate map[string][]float64 // requests a second
}

func (b *bench) measureHits(ctx context.Context, subjects []subject, of func(subject) load) (hits, error) {
	for _, s := range subjects {
		if err := of(s).warm(ctx, []subject{s}); err != nil {
			return hits{}, err
		}
	}
	type hit struct{ cpu, rate float64 }
	measured, err := interleave(ctx, b.rounds, subjects, func(ctx context.Context, s subject) (hit, error) {
		l, begin := of(s), time.Now()
		cpu, err := l.cpuPerRequest(ctx, s)
		return hit{cpu, float64(l.requests) / time.Since(begin).Seconds()}, err
	})
	all := hits{map[string][]float64{}, map[string][]float64{}}
	for name, list := range measured {
		for _, one := range list {
			all.cpu[name], all.rate[name] = append(all.cpu[name], one.cpu), append(all.rate[name], one.rate)
		}
	}
	return all, err
}

// between are the measurements of ours and one peer; none of a peer that was not measured.
func between(measured map[string][]float64, peer string) map[string][]float64 {
	pair := map[string][]float64{nameOurs: measured[nameOurs]}
	if theirs, ok := measured[peer]; ok {
		pair[peer] = theirs
	}
	return pair
}

// pageServers starts Next.js, and what answers with one of its pages in its place. All answer with the same bytes, but
// for `respond`: its body has as many without braces, which it would look at for placeholders. Nil: the application is
// not built, or there is no node.
func (b *bench) pageServers(ctx context.Context, path string) (subjects []subject, length int64, err error) {
	site, err := b.startSite(ctx)
	if err != nil || site == nil {
		return nil, 0, err
	}
	page, _, err := pageOf(ctx, site.addr, path)
	if err != nil {
		return nil, 0, err
	}
	ours, err := b.startCaddy(ctx, nameOurs, oursCache(site.addr, b.siteBuild()), "off")
	if err != nil {
		return nil, 0, err
	}
	if err := ours.process.settle(ctx); err != nil { // it compresses the files of the build
		return nil, 0, err
	}
	text := strings.NewReplacer("{", "(", "}", ")").Replace(string(page))
	stock, err := b.startCaddy(ctx, nameStock, "respond <<END-OF-BODY\n"+text+"\nEND-OF-BODY", "off")
	if err != nil {
		return nil, 0, err
	}
	subjects = []subject{ours, stock, {name: nameNext, addr: site.addr, process: site}}
	if varnish := b.find("varnishd"); varnish != "" {
		s, err := b.startVarnish(ctx, varnish, site.addr)
		if err != nil {
			return nil, 0, err
		}
		subjects = append(subjects, s)
	}
	for _, s := range subjects {
		if err := s.checkHit(ctx, path, page); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return subjects, int64(len(page)), nil
}

// checkHit asks for a page until it is kept, which must have the same bytes as that of Next.js.
func (s subject) checkHit(ctx context.Context, path string, page []byte) error {
	for range 20 {
		got, header, err := pageOf(ctx, s.addr, path)
		if err != nil {
			return err
		}
		if s.name != nameStock && !bytes.Equal(got, page) || len(got) != len(page) {
			return fmt.Errorf("%s has %d bytes that are not those of Next.js", path, len(got))
		}
		if isHit(s.name, header) {
			return nil
		}
	}
	return fmt.Errorf("%s is not kept", path)
}

// isHit reports whether an answer says that it was kept.
func isHit(name string, h http.Header) bool {
	switch name {
	case nameOurs:
		return strings.Contains(h.Get("Cache-Status"), "; hit")
	case nameNext:
		return h.Get("X-Nextjs-Cache") == "HIT" || h.Get("X-Nextjs-Cache") == "STALE"
	case nameVarnish:
		return len(strings.Fields(h.Get("X-Varnish"))) == 2 // of this request, and of the one that it was fetched for
	}
	return true
}
