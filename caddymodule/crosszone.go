package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// isRewritten reports whether a directive before ours has changed the request's path. Then the path of a page, which the browser
// sends as Referer, and the path of the request are of different kinds.
func isRewritten(r *http.Request) bool {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	return ok && original.URL != nil && (original.URL.Path != r.URL.Path || original.URL.RawPath != r.URL.RawPath)
}

// leave answers a soft navigation or prefetch that a page of another zone makes.
func (in *arrival) leave(w http.ResponseWriter, r *http.Request) {
	if to := report.Of[report.Request](r); to != nil {
		to.Zone, to.Kind, to.By = in.found.Zone.Name, in.kind.String(), report.ByEdge
		to.NotKept = "a page of another zone asks: its client is told to load the document"
		return
	}
	in.zone.crossings.Inc()
	loadDocument(w)
}

// loadDocument answers a soft navigation or prefetch to another application, of which the client learns nothing but that it must
// load the document when the visitor goes there. All versions of the App Router do that for an answer that is no payload, and
// a prefetch of one is tried again later (fetch-server-response.js of 14.2, 15.5 and 16.4, segment-cache/cache.js of 15.5 and 16.4).
// The status is 200 because others appear in the console, and not 204 because 16.4 with cacheComponents reports an answer
// without a body there (processFetch); the type is not text/plain because exported applications take that for a payload.
func loadDocument(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"] = []string{"private, no-store"}
	h["Content-Type"] = []string{"text/html; charset=utf-8"}
	h["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusOK)
}
