package pagecache

import (
	"context"
	"net/http"
)

// whole are the variants that have all of a page, by which it is found out whether the page has changed: the cheapest first, for a document
// has an ETag.
var whole = [...]Variant{VariantHTML, VariantRSC, VariantPrefetch}

// resolve ends the doubt that an answer of a new variant has raised: it has another variant of the page, which was known before, fetched in the background. Who
// comes for that one meanwhile waits for this fetch; without it each page would be fetched for a client who waits, as often as it has variants.
func (q *query) resolve(fl *flight) {
	page, ok := q.c.page(fl.kept)
	if !fl.outcome.doubtful || !ok || page.interceptable || fl.facts.Data {
		return
	}
	for _, variant := range whole {
		facts := fl.facts
		facts.Variant, facts.NextURL, facts.Unshared = variant, "", false
		r := q.r.WithContext(context.WithoutCancel(q.r.Context()))
		r.Header = asVariant(r.Header, variant)
		key, ok := KeyOf(r, facts, false)
		if !ok || key == fl.kept || page.find(variantID(key.Name)) < 0 {
			continue
		}
		entry, there := q.c.store.Get(q.c.ctx, key)
		if !there {
			continue
		}
		m, err := parseMeta(entry.Meta())
		if err == nil {
			// Somebody would wait for it, and for a stale page nobody does: those do not take all the slots.
			q.refetch(found{key: key, entry: entry, meta: m, oldAt: page.oldAt}, facts, r, 2*q.c.settings.Load().Revalidations)
		}
		_ = entry.Close() // it was only looked at
		return
	}
}

// asVariant are the headers of a request for another variant of the same page.
func asVariant(h http.Header, v Variant) http.Header {
	h = h.Clone()
	for _, name := range variantHeaders {
		delete(h, name)
	}
	for name, values := range HeadersOf(v) {
		h[name] = values
	}
	return h
}

// HeadersOf are the headers by which the client of Next.js asks for a variant that has all of a page.
func HeadersOf(v Variant) http.Header {
	switch v {
	case VariantRSC:
		return http.Header{"Rsc": {"1"}}
	case VariantPrefetch:
		return http.Header{"Rsc": {"1"}, "Next-Router-Prefetch": {"1"}}
	}
	return http.Header{}
}
