package pages

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// invalidating tells the cache of the head of an answer to a request that may have changed pages, before the client
// knows of it.
type invalidating struct {
	http.ResponseWriter
	head func(status int)
}

// watching is the writer for a request: one that tells the cache, where the request may change pages.
func (z *Zone) watching(w http.ResponseWriter, r *http.Request, facts policy.Facts) http.ResponseWriter {
	if !pagecache.IsUnsafe(r.Method) {
		return w
	}
	return &invalidating{w, func(status int) { z.changed(r, facts, status, w.Header()) }}
}

// changed does what the head of an answer to an unsafe request says about pages.
func (z *Zone) changed(r *http.Request, facts policy.Facts, status int, h http.Header) {
	switch policy.EffectOf(r, h) {
	case policy.EffectNone:
	case policy.EffectUnknown:
		z.cache.Invalidate(r, facts, status, h)
	case policy.EffectMaybe:
		z.cache.Invalidate(r, facts, status, h)
		z.purgeForAction(pagecache.Selector{Space: z.space, All: true, Soft: true})
	case policy.EffectPages:
		// By prefix, for it takes no longer the more is kept. Every path begins so.
		z.purgeForAction(pagecache.Selector{Space: z.space, Prefix: "/"})
	}
}

func (z *Zone) purgeForAction(s pagecache.Selector) {
	control.CountPurge(report.CachePages, "action")
	_ = z.cache.Purge(s) // the selector makes sense
}

// Unwrap lets http.ResponseController find what the writer can do besides.
func (w *invalidating) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *invalidating) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *invalidating) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// FlushError sends the head, if it has not been sent.
func (w *invalidating) FlushError() error {
	w.begin(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// begin tells of the head once.
func (w *invalidating) begin(status int) {
	if w.head != nil {
		w.head(status)
		w.head = nil
	}
}
