package pages

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// watching is the writer for a request. Where the request may change pages, it tells the cache of the head of the
// answer, before the client knows of it.
func (z *Zone) watching(w http.ResponseWriter, r *http.Request, facts policy.Facts) http.ResponseWriter {
	if !pagecache.IsUnsafe(r.Method) {
		return w
	}
	onHead := httpwriter.HeadFunc(func(status int) { z.changed(r, facts, status, w.Header()) })
	return &httpwriter.Wrapper{ResponseWriter: w, Head: onHead}
}

// watchingForLive is the writer for a request to a deployment whose pages are not kept. What such a request changes, as
// an action of a page that was opened before a deploy, is shown by the pages of the live deployment.
func watchingForLive(w http.ResponseWriter, r *http.Request, a *edge.Request) http.ResponseWriter {
	live := a.Zone.Live()
	pages := Slot.Of(live)
	if live == a.Zone || pages == nil || !pagecache.IsUnsafe(r.Method) {
		return w
	}
	facts := pages.factsOf(r, a)
	facts.Deployment = live.Deployment
	return pages.watching(w, r, facts)
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
