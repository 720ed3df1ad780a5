package main

import (
	"context"
	"fmt"
	"strings"
)

// measureZones compares a site of many zones with one of few: finding the zone should cost the same.
func measureZones(ctx context.Context, b *bench) ([]row, error) {
	const many, few, length = 200, 3, 1 << 10 // a short page, so that routing is a larger part
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	var subjects []subject
	loads := map[string]load{}
	for _, site := range []struct {
		name  string
		zones int
	}{{nameOurs, many}, {fmt.Sprintf("%d zones", few), few}} {
		paths := make([]string, site.zones)
		var directive strings.Builder
		directive.WriteString("nextjs {\n")
		for i := range paths {
			zone := fmt.Sprintf("/zone-%03d", i+1)
			paths[i] = fmt.Sprintf("%s/page?bytes=%d", zone, length)
			fmt.Fprintf(&directive, "\t\tzone %s %s\n", zone, upstream.addr)
		}
		directive.WriteString("\t}")
		s, err := b.startCaddy(ctx, site.name, directive.String(), "off")
		if err != nil {
			return nil, err
		}
		l := load{paths: paths, requests: b.requests, concurrency: concurrency, minLength: length}
		if err := l.warm(ctx, []subject{s}); err != nil {
			return nil, err
		}
		subjects, loads[site.name] = append(subjects, s), l
	}
	measured, err := interleave(ctx, b.rounds, subjects, func(ctx context.Context, s subject) (float64, error) {
		return loads[s.name].cpuPerRequest(ctx, s)
	})
	if err != nil {
		return nil, err
	}
	return compareAll(fmt.Sprintf("%d zones, CPU per request", many), "us", measured, limits{Limit: 1.03}), nil
}
