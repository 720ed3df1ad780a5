package pagecache

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// now is a moment of tests without a site.
var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// What Next.js says.
const (
	html = "text/html; charset=utf-8"
	rsc  = "text/x-component"
	rscv = "rsc, next-router-state-tree, next-router-prefetch, next-router-segment-prefetch"
)

const second = time.Second

// fields makes headers of name, value, name, value….
func fields(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func asking(target string, pairs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header = fields(pairs...)
	return r
}

// hearing takes the tags off the head of an answer.
type hearing struct {
	http.ResponseWriter
	said *policy.Said
}

func (h *hearing) hear() {
	if tags := h.Header()[policy.TagsHeader]; len(tags) > 0 {
		h.said.Tags = tags
		h.Header().Del(policy.TagsHeader)
	}
}

func (h *hearing) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hearing) WriteHeader(status int) {
	if status >= http.StatusOK {
		h.hear()
	}
	h.ResponseWriter.WriteHeader(status)
}

func (h *hearing) Write(p []byte) (int, error) {
	h.hear()
	return h.ResponseWriter.Write(p)
}

func (h *hearing) Flush() {
	h.hear()
	_ = http.NewResponseController(h.ResponseWriter).Flush()
}

// headersOf are the headers by which a client of Next.js asks for a variant.
func headersOf(variant policy.Variant) http.Header {
	switch variant {
	case policy.VariantSegment:
		return fields("Rsc", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree")
	case policy.VariantRuntimePrefetch:
		return fields("Rsc", "1", "Next-Router-Prefetch", "2")
	}
	return policy.HeadersOf(variant)
}

func variantOf(r *http.Request) policy.Variant {
	variant, _ := policy.VariantOf(r.Header, r.URL.Path)
	return variant
}

// numberOf stands for the variant of a request in what the upstream answers.
func numberOf(r *http.Request) string { return strconv.Itoa(int(variantOf(r))) }

// groupOf is the group of the key of a page whose answers do not depend on anything else than its path.
func groupOf(path string) string {
	r := asking(path)
	key, _ := policy.KeyOf(r, policy.Facts{Path: r.URL.Path, Class: policy.ClassPage}, false)
	return key.Group
}

// page answers with a text for a minute, and for an hour when stale.
func page(text *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600, stale-if-error=86400")
		w.Header().Set("Etag", strconv.Quote(text.Load().(string)))
		w.Header().Set(policy.TagsHeader, "t-"+text.Load().(string)+",all")
		if r.Header.Get("If-None-Match") == w.Header().Get("Etag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, text.Load().(string)+" "+numberOf(r))
	}
}

func text(s string) *atomic.Value {
	v := &atomic.Value{}
	v.Store(s)
	return v
}

var (
	hit  = Result{policy.ResultHit, policy.ReasonFresh}
	miss = Result{policy.ResultMiss, policy.ReasonAbsent}
)
