package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// refuse answers a request that the edge does not pass on. A 404 might be kept by heuristics (RFC 9111, 4.2.2), and there may be something at
// its path with the next configuration.
func refuse(w http.ResponseWriter, reason error) error {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(reason, zones.ErrTarget):
		return caddyhttp.Error(http.StatusBadRequest, reason)
	case errors.Is(reason, zones.ErrConnect):
		return caddyhttp.Error(http.StatusNotImplemented, reason)
	case errors.Is(reason, errReadOnly):
		return caddyhttp.Error(http.StatusMethodNotAllowed, reason)
	}
	return caddyhttp.Error(http.StatusNotFound, reason)
}
