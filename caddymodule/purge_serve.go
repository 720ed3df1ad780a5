package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

// controlBodyLimit bounds the body of a request that controls the edge (bytes).
const controlBodyLimit = 64 << 10

// purgeRoute answers `POST …/purge`, of nextjs_control and of the admin endpoint.
func purgeRoute(caches ...purgeCache) route {
	return route{path: purgePath, method: http.MethodPost, scoped: true, handler: func(w http.ResponseWriter, r *http.Request, log *zap.Logger) error {
		return servePurge(w, r, log, caches)
	}}
}

func servePurge(w http.ResponseWriter, r *http.Request, log *zap.Logger, caches []purgeCache) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, controlBodyLimit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return apiError(http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes", tooLarge.Limit))
	}
	if err != nil {
		return apiError(http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
	}
	order, err := parsePurge(text)
	if err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	begun := time.Now()
	purging, err := carryOut(order, currentSites(), caches) //nolint:contextcheck // a purge is not given up half-way
	if err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	purgeSeconds.WithLabelValues(order.Cache).Observe(time.Since(begun).Seconds())
	countPurge(order.Cache, order.scope())
	report := purging.report(r.Context())
	fields := []zap.Field{
		zap.String("cache", order.Cache), zap.String("scope", order.scope()), zap.Strings("zones", report.zones()), zap.String("remote_ip", remoteIP(r)),
	}
	if order.Cache == cachePages {
		fields = append(fields, zap.Int("pages", report.total()))
	}
	if client, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		fields = append(fields, zap.String("client_ip", client))
	}
	if order.Source != nil {
		fields = append(fields, zap.String("source", imageopt.SourcePlace(order.source())))
	}
	log.Info("purged", fields...)
	return answerJSON(w, http.StatusOK, report)
}

func apiError(status int, err error) caddy.APIError {
	return caddy.APIError{HTTPStatus: status, Err: err, Message: err.Error()}
}

// remoteIP is the address of who is connected, without the port; as it is where there is none, of a unix socket.
func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
