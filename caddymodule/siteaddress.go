package caddymodule

import (
	"crypto/tls"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

// firstName returns the first host that is no pattern, "" if there is none.
func firstName(hosts []string) string {
	for _, host := range hosts {
		if !strings.Contains(host, "*") {
			return host
		}
	}
	return ""
}

// addressOf returns a host and the scheme by which visitors reach the site of a handler; "" of what is not known.
func addressOf(app *caddyhttp.App, h caddyhttp.MiddlewareHandler) (host, scheme string) {
	if app == nil {
		return "", ""
	}
	for _, server := range app.Servers {
		if found, ok := hostOf(server.Routes, h, ""); ok {
			if len(server.TLSConnPolicies) > 0 {
				return found, "https"
			}
			return found, "http"
		}
	}
	return "", ""
}

// questionsTLS returns how the upstreams of a handler are asked over TLS, nil where that is as their addresses say.
func questionsTLS(app *caddyhttp.App, h caddyhttp.MiddlewareHandler) *tls.Config {
	if app == nil {
		return nil
	}
	for _, server := range app.Servers {
		if transport := proxy.TransportBehind(server.Routes, h); transport != nil {
			return transport.QuestionsTLS()
		}
	}
	return nil
}

// hostOf finds the handler in routes, and the host that the innermost matcher around it asks for; outside is that of
// the routes around.
func hostOf(routes caddyhttp.RouteList, h caddyhttp.MiddlewareHandler, outside string) (host string, found bool) {
	for _, route := range routes {
		host := outside
		for _, set := range route.MatcherSets {
			for _, matcher := range set {
				if hosts, ok := matcher.(*caddyhttp.MatchHost); ok && firstName(*hosts) != "" {
					host = firstName(*hosts)
				}
			}
		}
		for _, handler := range route.Handlers {
			if handler == h {
				return host, true
			}
			if inner, ok := handler.(*caddyhttp.Subroute); ok {
				if host, found := hostOf(inner.Routes, h, host); found {
					return host, true
				}
			}
		}
	}
	return "", false
}
