package files

import (
	"fmt"
	"maps"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// describeJavaScript adds up the scripts of pages. sizes has every static file of the build.
func describeJavaScript(js *nextbuild.JavaScript, sizes map[string]report.Amount) (*report.JavaScriptFiles, error) {
	d := new(report.JavaScriptFiles)
	var err error
	if d.Polyfills, err = sumOf(js.Polyfills, sizes); err != nil {
		return nil, fmt.Errorf("the polyfills: %w", err)
	}
	if d.App, err = describeRouter(js.Routes, nextbuild.AppPage, sizes); err != nil {
		return nil, err
	}
	d.Pages, err = describeRouter(js.Routes, nextbuild.PagesPage, sizes)
	return d, err
}

func describeRouter(routes []nextbuild.RouteScripts, kind nextbuild.RouteKind, sizes map[string]report.Amount) (*report.RouterScripts, error) {
	uses := make(map[string]int)
	pages := 0
	for _, route := range routes {
		if route.Kind == kind {
			pages++
			for _, script := range route.Scripts {
				uses[script]++
			}
		}
	}
	if pages == 0 {
		return nil, nil
	}
	// What the only page has is its own.
	isShared := func(script string) bool { return pages > 1 && uses[script] == pages }
	all := slices.Sorted(maps.Keys(uses))
	shared := slices.DeleteFunc(slices.Clone(all), func(script string) bool { return !isShared(script) })
	d := new(report.RouterScripts)
	var err error
	if d.All, err = sumOf(all, sizes); err != nil {
		return nil, err
	}
	if d.Shared, err = sumOf(shared, sizes); err != nil {
		return nil, err
	}
	for _, route := range routes {
		if route.Kind != kind {
			continue
		}
		page := report.RouteScripts{Route: route.Route}
		if page.FirstLoad, err = sumOf(route.Scripts, sizes); err != nil {
			return nil, err
		}
		own := slices.DeleteFunc(slices.Clone(route.Scripts), isShared)
		if page.Own, err = sumOf(own, sizes); err != nil {
			return nil, err
		}
		d.Routes = append(d.Routes, page)
	}
	return d, nil
}

// sumOf adds up scripts.
func sumOf(scripts []string, sizes map[string]report.Amount) (sum report.Amount, err error) {
	for _, script := range scripts {
		size, known := sizes[script]
		if !known {
			return report.Amount{}, fmt.Errorf("%s is not there: the build is not complete", script)
		}
		sum.Add(size)
	}
	return sum, nil
}
