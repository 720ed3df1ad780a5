package proxy

import (
	"crypto/tls"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// QuestionsTLS is how upstreams are spoken to by those who ask whether they are fit; nil: as their addresses say. It is
// one value for as long as the transport lives.
func (t *Transport) QuestionsTLS() *tls.Config { return t.questionsTLS }

// tlsOfQuestions is what `tls` of the transport says. A name of the certificate that depends on the request is left
// out.
func (t *Transport) tlsOfQuestions() *tls.Config {
	if !t.TLSEnabled() {
		return nil
	}
	config := t.Transport.TLSClientConfig.Clone()
	if config == nil { // `tls` says nothing but that it is wanted
		return new(tls.Config)
	}
	if strings.Contains(config.ServerName, "{") {
		config.ServerName = ""
	}
	return config
}

// TransportBehind returns the transport by which requests of a handler reach the upstreams: that of the first
// reverse_proxy after it. nil: there is none, or it has one of Caddy's own.
func TransportBehind(routes caddyhttp.RouteList, h caddyhttp.MiddlewareHandler) *Transport {
	isBehind := false
	for _, handler := range handlersOf(routes) {
		if handler == h {
			isBehind = true
		}
		if proxy, ok := handler.(*reverseproxy.Handler); ok && isBehind {
			transport, _ := proxy.Transport.(*Transport)
			return transport
		}
	}
	return nil
}

// handlersOf are the handlers of routes, with those of the routes in them, in the order in which requests meet them.
func handlersOf(routes caddyhttp.RouteList) (list []caddyhttp.MiddlewareHandler) {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			list = append(list, handler)
			if inner, ok := handler.(*caddyhttp.Subroute); ok {
				list = append(list, handlersOf(inner.Routes)...)
			}
		}
	}
	return list
}
