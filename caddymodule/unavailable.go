package caddymodule

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// When a client may come back for which there was no upstream in time, in seconds (Retry-After: RFC 9110, 10.2.3).
const (
	retryAfterBusy = "1"
	retryAfterDown = "5"
)

// serveUnavailable answers a request for which there was no upstream in time: by what the site has for errors, else by
// a page that a browser loads again by itself, JSON, or a line of text. err is that of the handlers behind; others than
// that are returned as they are.
func serveUnavailable(w http.ResponseWriter, r *http.Request, a *edge.Request, err error) error {
	if !deploy.IsRefusal(err) {
		return err
	}
	h := w.Header()
	h["Retry-After"] = []string{retryAfterDown}
	if errors.Is(err, deploy.ErrBusy) {
		h["Retry-After"] = []string{retryAfterBusy}
	}
	if hasErrorRoute(r, err) {
		return err
	}
	contentType, body := "text/plain; charset=utf-8", unavailableText+"\n"
	switch accept := strings.Join(r.Header["Accept"], ","); {
	case a.Kind == zones.KindDocument && r.Method == http.MethodGet && acceptsHTML(accept):
		contentType, body = "text/html; charset=utf-8", unavailablePage
		h["Refresh"] = h["Retry-After"]
	case strings.Contains(accept, "json"):
		text, _ := json.Marshal(map[string]string{"error": unavailableText}) // strings can be written
		contentType, body = "application/json", string(text)+"\n"
	}
	h["Cache-Control"] = []string{"private, no-store"}
	h["Content-Type"] = []string{contentType}
	w.WriteHeader(http.StatusServiceUnavailable)
	_, err = io.WriteString(w, body)
	return err
}

func acceptsHTML(accept string) bool {
	return accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*")
}

// hasErrorRoute reports whether the site has something of its own for an error (handle_errors).
func hasErrorRoute(r *http.Request, err error) bool {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return server != nil && server.Errors != nil && takes(server.Errors.Routes, server.Errors.WithError(r, err))
}

// takes reports whether one of the routes is for a request. Each site has one among those of its server, and within
// that others, which may be for some errors only.
func takes(routes caddyhttp.RouteList, r *http.Request) bool {
	for i := range routes {
		if matches, err := routes[i].MatcherSets.AnyMatchWithError(r); err != nil || !matches {
			continue
		}
		for _, handler := range routes[i].Handlers {
			if within, ok := handler.(*caddyhttp.Subroute); !ok || takes(within.Routes, r) {
				return true
			}
		}
	}
	return false
}

const unavailableText = "The application does not answer at the moment. Please try again in a few seconds."

const unavailablePage = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>One moment, please</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>One moment, please</h1>
<p>` + unavailableText + ` This page loads again by itself.</p>
</html>
`
