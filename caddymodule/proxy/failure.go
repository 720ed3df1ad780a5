package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// noteFailure notes what the error of a try says of its upstream, unless its client has left. It is marked for
// reverse_proxy as an error of connecting where another upstream may be tried: no connection could be made, so nothing
// was sent; or the upstream has ended it before the answer began, and the request is one to send once more. What is
// idle of the upstream is closed: `next start` closes its listener when it is told to stop, and keeps its connections.
func noteFailure(err error, req *http.Request, a *edge.Request) error {
	_, isDial := errors.AsType[reverseproxy.DialError](err)
	isHandshake := !isDial && isHandshakeError(err)
	if isHandshake {
		err = reverseproxy.NewDialError(err)
	}
	if errors.Is(err, context.Canceled) || req.Context().Err() != nil || isOwnLimit(err) {
		return err
	}
	body, hasBody := req.Body.(*clientBody)
	switch {
	case strings.HasSuffix(err.Error(), serverClosedIdle) && (!hasBody || !body.wasRead()):
		err = reverseproxy.NewDialError(err) // nothing was sent
	case isHandshake: // who asks whether it is fit does not look at certificates
		a.Zone.Upstreams.Reset(a.Try.Upstream)
		countFailure(a, dialFailuresTotal, deploy.FailedDial)
	case isDial:
		a.Zone.Upstreams.Refused(a.Try.Upstream, err)
		countFailure(a, dialFailuresTotal, deploy.FailedDial)
	case isClosed(err) && a.Kind != zones.KindUpgrade: // Next.js ends those that it does not know
		a.Zone.Upstreams.Reset(a.Try.Upstream)
		countFailure(a, resetsTotal, deploy.FailedReset)
		if !isSafe(req.Method) {
			unknownFateTotal.WithLabelValues(a.Zone.Name).Inc()
		}
		if !hasBody && a.MayRepeat(req) {
			err = reverseproxy.NewDialError(err)
		}
	default:
		return err
	}
	processPools.closeIdle(a.Try.Upstream)
	return err
}

// countFailure counts a try that has failed, of its zone and of its upstream.
func countFailure(a *edge.Request, ofZones *prometheus.CounterVec, how deploy.Failure) {
	ofZones.WithLabelValues(a.Zone.Name).Inc()
	a.Try.Upstream.NoteFailure(how)
}

// isSafe reports whether a method asks for nothing to be changed (RFC 9110, 9.2.1).
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// isOwnLimit reports whether the machine of the edge has no descriptors or ports left, which says nothing of upstreams.
func isOwnLimit(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// isClosed reports whether the upstream has ended the connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// serverClosedIdle is the text of an error that net/http does not export: the upstream has ended a connection that was
// idle just before it was used again (errServerClosedIdle in net/http/transport.go).
const serverClosedIdle = "http: server closed idle connection"

// isHandshakeError reports whether the TLS handshake with the upstream failed, which comes before any request.
func isHandshakeError(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	return false
}

var dialFailuresTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "upstream_dial_failures_total",
	Help: "Attempts that could not connect to their upstream, by zone.",
}, []string{"zone"})

var resetsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "upstream_resets_total",
	Help: "Requests whose upstream ended the connection before its answer began, by zone.",
}, []string{"zone"})

var unknownFateTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "unknown_fate_total",
	Help: "Requests that may have changed something and whose upstream ended the connection before its answer began, by " +
		"zone. They were answered 502, and not sent again.",
}, []string{"zone"})
