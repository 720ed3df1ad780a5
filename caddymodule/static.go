package caddymodule

import (
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// defaultStaticMemory is how much of the files of builds is kept in memory (bytes).
const defaultStaticMemory = 64 << 20

// staticMemoryUsed is how much of the files of builds the process keeps in memory (bytes).
var staticMemoryUsed atomic.Int64

// Static answers requests for files of a zone's build, without asking Next.js: what lies below /_next/static, and public files. It does so
// only where the verdict of the build allows it: middleware, redirects and rewrites that come before files in Next.js come before
// them here, and the headers of the build's headers() are set. Everything else is handed on. It has no settings; the `nextjs`
// handler in front has found the build.
type Static struct{}

// CaddyModule returns the Caddy module information.
func (Static) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_static", New: func() caddy.Module { return new(Static) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Static) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := attemptOf(r)
	if a == nil || a.facts.assets == nil || !isFile(a, r) {
		return next.ServeHTTP(w, r)
	}
	source, err := a.facts.assets.Serve(w, r, a.verdict.Path, a.verdict.Headers)
	if source == assets.NotServed {
		a.facts.static.upstream.Inc()
		return next.ServeHTTP(w, r)
	}
	if source == assets.FromMemory {
		a.facts.static.memory.Inc()
	} else {
		a.facts.static.disk.Inc()
	}
	return err
}

// isFile reports whether the edge may answer a request with a file. To one for a payload Next.js adds how the path was rewritten.
func isFile(a *attempt, r *http.Request) bool {
	if !a.verdict.Edge() || a.verdict.Output != zones.OutputStatic && a.verdict.Output != zones.OutputPublic {
		return false
	}
	return a.kind != zones.KindUpgrade && len(r.Header["Rsc"]) == 0
}

// staticCounters count the requests for files of a zone by where the answer came from.
type staticCounters struct{ memory, disk, upstream prometheus.Counter }

func staticCountersOf(zone string) staticCounters {
	count := func(source string) prometheus.Counter { return staticRequestsTotal.WithLabelValues(zone, source) }
	return staticCounters{count("memory"), count("disk"), count("upstream")}
}

func newStaticMemory(limit int64) *assets.Memory {
	switch {
	case limit < 0:
		return nil
	case limit == 0:
		limit = defaultStaticMemory
	}
	return assets.NewMemory(limit, &staticMemoryUsed)
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Static)(nil)
