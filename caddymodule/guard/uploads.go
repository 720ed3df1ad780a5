package guard

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// errUploadTooLarge ends a body that Next.js would cut.
var errUploadTooLarge = errors.New("the body is larger than Next.js hands on")

// ServeUpload hands a request on, unless it has a body of which Next.js would give its application the first bytes
// only.
func ServeUpload(
	w http.ResponseWriter, r *http.Request, a *edge.Request, target rules.Target, next caddyhttp.Handler,
) error {
	limit, setting := int64(0), ""
	if a.Zone.Repairs.Has(edge.RepairUploads) {
		limit, setting = a.Zone.RuleSet.UploadLimit(r, target)
	}
	if limit == 0 {
		return next.ServeHTTP(w, r)
	}
	if r.ContentLength > limit {
		return refuseUpload(w, r, a, limit, setting)
	}
	body := &boundedBody{ReadCloser: r.Body, left: limit}
	r.Body = body
	// The error means that no answer has begun: otherwise reverse_proxy breaks it off.
	if err := next.ServeHTTP(w, r); err == nil || !body.exceeded.Load() {
		return err
	}
	return refuseUpload(w, r, a, limit, setting)
}

// refuseUpload answers 413. Its text is for who has made the application.
func refuseUpload(w http.ResponseWriter, r *http.Request, a *edge.Request, limit int64, setting string) error {
	a.Zone.Repairs.Count(edge.RepairUploads)
	a.Zone.Repairs.LogHourly(edge.RepairUploads, a.Zone.Log, "an upload that Next.js would have cut was refused",
		zap.String("path", r.URL.Path), zap.Int64("limit", limit), zap.String("setting", setting))
	a.Body.TakeBack()
	w.Header()["Cache-Control"] = []string{"private, no-store"}
	w.Header()["Content-Type"] = []string{"text/plain; charset=utf-8"}
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	_, err := fmt.Fprintf(w,
		"Request body too large: of this path Next.js hands on the first %d bytes only (%s in next.config)\n", limit, setting)
	return err
}

// boundedBody is a body of unknown length that fails where it grows larger than Next.js hands on.
type boundedBody struct {
	io.ReadCloser
	left     int64 // of the goroutine that reads
	exceeded atomic.Bool
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.exceeded.Load() {
		return 0, errUploadTooLarge
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.exceeded.Store(true)
		return n + int(b.left), errUploadTooLarge
	}
	return n, err
}
