package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// measureBuild tells what it takes to read a large build, to judge a path by it, and to serve with one.
func measureBuild(ctx context.Context, b *bench) ([]row, error) {
	const routes = 5000
	dir := filepath.Join(b.dir, "large", ".next")
	if err := buildtest.WriteTo(dir, largeBuild(routes)); err != nil {
		return nil, fmt.Errorf("writing a build: %w", err)
	}
	var read []float64
	var ruleSet *rules.Set
	for range b.liveRounds {
		start := time.Now()
		build, err := nextbuild.Read(dir)
		if err != nil {
			return nil, fmt.Errorf("reading the build: %w", err)
		}
		ruleSet = rules.NewSet(build)
		read = append(read, float64(time.Since(start).Microseconds())/1000)
	}
	rows := []row{{
		Name: fmt.Sprintf("read a build of %d routes, with its verdicts", routes), Unit: "ms", Ours: median(read),
		limits: limits{Limit: 500, OnValue: true},
	}}
	for _, path := range []struct {
		name, unit string
		path       func(n int) string
		per, limit float64
	}{
		{"verdict of a known path", "ns", func(int) string { return "/page-2500" }, 1, 200},
		{"verdict of a page made on demand", "ns", func(int) string { return "/items/some-item-that-no-build-knows" }, 1, 200},
		{"verdict of an unknown path", "us", func(n int) string { return "/items/some-item-that-nobody-has-asked-for-" + strconv.Itoa(n) }, 1000, 20},
	} {
		rows = append(rows, row{
			Name: path.name, Unit: path.unit, Ours: verdictTime(ruleSet, path.path) / path.per, limits: limits{Limit: path.limit, OnValue: true},
		})
	}
	served, err := b.measureServing(ctx, dir)
	return append(rows, served...), err
}

// verdictTime returns the nanoseconds that the verdict of the path of each turn takes.
func verdictTime(ruleSet *rules.Set, path func(n int) string) float64 {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}}
	result := testing.Benchmark(func(loop *testing.B) {
		for n := 0; loop.Loop(); n++ {
			path := path(n)
			ruleSet.Verdict(r, rules.Target{Full: path, AsWritten: true})
		}
	})
	return float64(result.T.Nanoseconds()) / float64(result.N)
}

// measureServing compares a proxied page of a zone whose build is known with one of which nothing is.
func (b *bench) measureServing(ctx context.Context, dir string) ([]row, error) {
	const length = 10 << 10
	upstream, err := b.startUpstream(ctx)
	if err != nil {
		return nil, err
	}
	subjects := make([]subject, 2)
	for i, site := range []struct{ name, directive string }{ // the upstream is told in the query how long the page is
		{nameOurs, fmt.Sprintf("nextjs %s {\n\t\tbuild %s\n\t\tshow_query\n\t}", upstream.addr, dir)},
		{"without build", oursProxy(upstream.addr)},
	} {
		if subjects[i], err = b.startCaddy(ctx, site.name, site.directive, "off"); err != nil {
			return nil, err
		}
	}
	var rows []row
	for _, path := range []string{"/page", "/page-2500"} {
		l := load{paths: []string{fmt.Sprintf("%s?bytes=%d", path, length)}, requests: b.requests, concurrency: concurrency, minLength: length}
		if err := l.warm(ctx, subjects); err != nil {
			return nil, err
		}
		measured, err := interleave(ctx, b.rounds, subjects, func(ctx context.Context, s subject) (float64, error) { return l.cpuPerRequest(ctx, s) })
		if err != nil {
			return nil, err
		}
		kind := map[string]string{"/page": "does not know", "/page-2500": "knows"}[path]
		rows = append(rows, compareAll(fmt.Sprintf("10 KB page that a build of 5000 routes %s, CPU per request", kind), "us", measured, limits{Limit: 1.05})...)
	}
	return rows, nil
}

// largeBuild is a build with as many routes, each prerendered, and the rules of a grown site.
func largeBuild(routes int) buildtest.Build {
	type object = buildtest.JSON
	app, prerenders, files := map[string]string{"/items/[slug]/page": "/items/[slug]"}, object{}, map[string]string{}
	for i := range routes {
		page := fmt.Sprintf("/page-%d", i)
		app[page+"/page"] = page
		prerenders[page] = object{"initialRevalidateSeconds": 60, "srcRoute": page, "dataRoute": page + ".rsc"}
		files["server/app"+page+".meta"] = fmt.Sprintf(`{"headers": {"x-nextjs-stale-time": "300", "x-next-cache-tags": "_N_T_/layout,_N_T_%s/layout,_N_T_%s/page,_N_T_%s"}}`, page, page, page)
		if i%5 == 0 {
			files[fmt.Sprintf("static/chunks/%d.js", i)] = ""
		}
	}
	var redirects []object
	for i := range 20 {
		redirects = append(redirects, object{
			"source": fmt.Sprintf("/old-%d/:slug", i), "destination": "/items/:slug", "statusCode": 308, "regex": fmt.Sprintf(`^(?!/_next)/old-%d(?:/([^/]+?))(?:/)?$`, i),
		})
	}
	return buildtest.Build{
		App: app, Prerenders: object{"routes": prerenders}, Files: files,
		Routes: object{
			"redirects":     redirects,
			"headers":       []object{{"source": "/:path*", "headers": []object{{"key": "X-Frame-Options", "value": "DENY"}}, "regex": `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`}},
			"dynamicRoutes": []object{{"page": "/items/[slug]", "regex": `^/items/([^/]+?)(?:/)?$`}},
		},
		Middleware: object{"middleware": object{"/": object{"matchers": []object{
			{"regexp": `^(?:\/(_next\/data\/[^/]{1,}))?\/private(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?(\.json|\.rsc|\.segments\/.+\.segment\.rsc)?[\/#\?]?$`},
		}}}},
	}
}
