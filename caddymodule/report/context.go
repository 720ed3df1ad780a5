package report

import (
	"context"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// requestKey is the context key of the report that a request is made for. No client can set it.
type requestKey struct{}

// Of returns the report that a request is made for, nil for all that come from outside.
func Of[report any](r *http.Request) *report {
	asked, _ := r.Context().Value(requestKey{}).(*report)
	return asked
}

// SkipLog leaves a request that a report is made for out of the access log: nobody has come.
func SkipLog(r *http.Request) {
	if r.Context().Value(requestKey{}) != nil {
		caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	}
}

// With returns a context for a request that a report is made for, a pointer to one of this package's.
func With(ctx context.Context, into any) context.Context {
	return context.WithValue(ctx, requestKey{}, into)
}
