// Package health answers the probes of orchestrators.
package health

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Handler answers the probes of an orchestrator. It belongs on a listener of its own, never among the paths of an
// application:
//
//	:8081 {
//		nextjs_health
//	}
//
// Path | Answer
// -----|-------
// `/healthz` | 200: the process serves.
// `/readyz` | 503 until each zone of the configuration that is not `optional` has answered once, then 200: later outages stand in its body, or every edge would be taken away when one application is down. When the process has been told to stop it is 503 at once, while requests are still served for as long as `shutdown_delay` says.
//
// Other paths are handed on.
type Handler struct {
	// Whether `/readyz` is 503, too, while a zone that is not `optional` has no upstream that is fit.
	Strict bool `json:"strict,omitempty"`

	readiness *Readiness
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_health", New: func() caddy.Module { return new(Handler) }}
}

// Parse reads the directive:
//
//	nextjs_health [<matcher>] {
//		strict
//	}
func Parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	health := new(Handler)
	return health, health.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile implements caddyfile.Unmarshaler.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("nextjs_health takes no arguments, found %q", d.Val())
	}
	return words.EachWord(d, func(word string) error {
		switch word {
		case "strict":
			h.Strict = true
			return words.NoArgs(d)
		case "timeout":
			return d.Err("nextjs_health asks nobody any more, so it has no timeout: a zone's `health` has one")
		}
		return d.Errf("unknown word %q in nextjs_health; allowed: strict", word)
	})
}

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("nextjs")
	if err != nil {
		return fmt.Errorf("loading the nextjs app: %w", err)
	}
	h.readiness = app.(interface{ Readiness() *Readiness }).Readiness()
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if body := edge.GuardBody(w, r); body != nil {
		return body.Finish(h.answer(body, r, next))
	}
	return h.answer(w, r, next)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	switch r.URL.Path {
	case "/healthz":
		return control.AnswerJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	case "/readyz":
		if caddy.Exiting() {
			return control.AnswerJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
		}
		report := h.readiness.report(h.Strict)
		if !report.Ready {
			return control.AnswerJSON(w, http.StatusServiceUnavailable, report)
		}
		return control.AnswerJSON(w, http.StatusOK, report)
	}
	return next.ServeHTTP(w, r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
