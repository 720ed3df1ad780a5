package files

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

var errChangedExport = errors.New("the file was written over and the new export is not taken yet")

// serveExport answers a request to an exported application. Nobody else could.
func serveExport(w http.ResponseWriter, r *http.Request, a *edge.Request) error {
	v, site := a.Verdict, a.Zone.Export
	switch {
	case a.Kind == zones.KindUpgrade:
		return caddyhttp.Error(http.StatusNotFound, errors.New("an export speaks HTTP only"))
	case v.Reason == rules.Method:
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, fmt.Errorf("%s to an export", r.Method))
	case v.Status != 0:
		return serveRedirect(w, r, v)
	case !v.Edge():
		return serveNotFound(w, r, site, v)
	}
	if v.Output == rules.OutputPage && a.SpeculationRules != "" && r.Method == http.MethodGet {
		w.Header().Add("Speculation-Rules", a.SpeculationRules)
	}
	source, err := site.Files.Serve(w, r, v.Path, v.Headers, acceptsOf(r))
	if source == assets.NotServed {
		w.Header().Set("Retry-After", "2")
		w.Header().Set("Cache-Control", "no-store")
		return caddyhttp.Error(http.StatusServiceUnavailable, fmt.Errorf("serving %s: %w", v.Path, errChangedExport))
	}
	Slot.Of(a.Zone).counters.answered(w, source)
	return err
}

// serveNotFound answers with the page of the application for what is not found.
func serveNotFound(w http.ResponseWriter, r *http.Request, site *edge.Export, v *rules.Verdict) error {
	if v.Path != "" {
		if served, err := site.Files.ServeNotFound(w, r, v.Path, v.Headers); served {
			return err
		}
	}
	return caddyhttp.Error(http.StatusNotFound, fmt.Errorf("the export has nothing at %s", r.URL.Path))
}

// serveRedirect answers as Next.js does: old browsers that do not know 308 find the place in Refresh.
func serveRedirect(w http.ResponseWriter, r *http.Request, v *rules.Verdict) error {
	h := w.Header()
	h.Set("Location", v.Location)
	if v.Status == http.StatusPermanentRedirect {
		h.Set("Refresh", "0;url="+v.Location)
	}
	h.Set("Content-Length", strconv.Itoa(len(v.Location)))
	// net/http would guess one, and Next.js sends none.
	h["Content-Type"] = nil
	w.WriteHeader(v.Status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.WriteString(w, v.Location); err != nil {
		return fmt.Errorf("writing a redirect: %w", err)
	}
	return nil
}
