package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// questionKey is the context key of the report that a request is made for. No client can set it.
type questionKey struct{}

// explaining returns the report that a request is made for, nil for all that come from outside.
func explaining[report any](r *http.Request) *report {
	asked, _ := r.Context().Value(questionKey{}).(*report)
	return asked
}

// skipLog leaves a request that a report is made for out of the access log: nobody has come.
func skipLog(r *http.Request) {
	if r.Context().Value(questionKey{}) != nil {
		caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	}
}
