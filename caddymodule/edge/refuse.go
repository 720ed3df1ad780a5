package edge

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// ErrLoop is of a request that comes back again and again (RFC 5842, 7.2).
var ErrLoop = errors.New("an upstream of the zone leads back to this edge")

// Refuse answers a request that the edge does not pass on. A 404 might be kept by heuristics (RFC 9111, 4.2.2), and
// there may be something at its path with the next configuration.
func Refuse(w http.ResponseWriter, reason error) error {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(reason, zones.ErrTarget):
		return caddyhttp.Error(http.StatusBadRequest, reason)
	case errors.Is(reason, zones.ErrConnect):
		return caddyhttp.Error(http.StatusNotImplemented, reason)
	case errors.Is(reason, ErrLoop):
		return caddyhttp.Error(http.StatusLoopDetected, reason)
	case errors.Is(reason, errReadOnly):
		return caddyhttp.Error(http.StatusMethodNotAllowed, reason)
	}
	return caddyhttp.Error(http.StatusNotFound, reason)
}
