package caddymodule

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"
	// The encoders that are used when a configuration names none.
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/gzip"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/zstd"
)

// Encode is Caddy's `encode` handler with the settings and the one shortcut that streams need:
//
//   - `minimum_length` is 1. Caddy decides at the first write, and leaves a whole stream uncompressed if that is shorter.
//   - Clients that accept none of the encodings go past it: `encode` would hold back the head of their answers until the body
//     begins. They get the `Vary` header that it would have set.
//
// It takes the settings of `encode`; default encodings: zstd, then gzip.
type Encode struct {
	encode.Encode
}

// CaddyModule returns the Caddy module information.
func (Encode) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_encode", New: func() caddy.Module { return new(Encode) }}
}

// Provision implements caddy.Provisioner.
func (e *Encode) Provision(ctx caddy.Context) error {
	if len(e.EncodingsRaw) == 0 {
		e.EncodingsRaw = caddy.ModuleMap{"zstd": []byte("{}"), "gzip": []byte("{}")}
		e.Prefer = []string{"zstd", "gzip"}
	}
	if e.MinLength == 0 {
		e.MinLength = 1
	}
	return e.Encode.Provision(ctx)
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (e *Encode) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if e.acceptable(r.Header["Accept-Encoding"]) {
		return e.Encode.ServeHTTP(w, r, next)
	}
	return next.ServeHTTP(&varyWriter{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, matcher: e.Matcher}, r)
}

// acceptable reports whether a client may accept one of the encodings. What it says of their quality is read by `encode`.
func (e *Encode) acceptable(accepted []string) bool {
	for _, value := range accepted {
		for _, encoding := range e.Prefer {
			if strings.Contains(value, encoding) {
				return true
			}
		}
	}
	return false
}

// varyWriter tells caches that another client may get a compressible answer in another encoding.
type varyWriter struct {
	caddyhttp.ResponseWriterWrapper
	matcher *caddyhttp.ResponseMatcher
}

// WriteHeader implements http.ResponseWriter.
func (w *varyWriter) WriteHeader(status int) {
	h := w.Header()
	if _, has := h["Content-Type"]; !has {
		// Present without a value it keeps net/http from guessing one that Next.js did not send.
		h["Content-Type"] = nil
	}
	// As `encode` does: a 304 has the Vary of the answer it stands for, and no content type to tell it by.
	if status == http.StatusNotModified || status >= 200 && h["Content-Encoding"] == nil && w.matcher.Match(status, h) {
		addVary(h)
	}
	w.ResponseWriterWrapper.WriteHeader(status)
}

func addVary(h http.Header) {
	const name = "Accept-Encoding"
	for _, value := range h["Vary"] {
		for field := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(field), name) {
				return
			}
		}
	}
	h["Vary"] = append(h["Vary"], name)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Encode)(nil)
	_ caddy.Validator             = (*Encode)(nil)
	_ caddyhttp.MiddlewareHandler = (*Encode)(nil)
)
