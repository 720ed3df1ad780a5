package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// logFields returns the place for fields of the access log, or nil where nothing is logged.
func (h *Handler) logFields(r *http.Request) *caddyhttp.ExtraLogFields {
	if !h.logs {
		return nil
	}
	skipLog(r)
	extra, _ := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	return extra
}
