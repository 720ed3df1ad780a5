package control

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

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

// controlBodyLimit bounds the body of a request that controls the edge (bytes).
const controlBodyLimit = 64 << 10

// Purge takes orders to purge caches. An application may have its own pages purged, too.
func Purge(caches ...Cache) Route {
	serve := func(w http.ResponseWriter, r *http.Request, caller Caller, log *zap.Logger) error {
		return servePurge(w, r, caller, log, caches)
	}
	route := Order(report.PurgeRoute, ScopePurge, serve).Unversioned()
	route.scopes, route.bareOnControl = append(route.scopes, ScopeAdapter), true
	return route
}

func servePurge(w http.ResponseWriter, r *http.Request, caller Caller, log *zap.Logger, caches []Cache) error {
	order, err := readPurge(w, r)
	if err != nil {
		return err
	}
	if order.Cache != report.CachePages {
		if caller, err = caller.as(ScopePurge); err != nil {
			return err
		}
	}
	begun := time.Now()
	meant, err := ZonesMeant(order.Zone, caller)
	if err != nil {
		return err
	}
	purging, err := carryOut(order, meant, caches)
	if err != nil {
		return Error(http.StatusBadRequest, err)
	}
	purgeSeconds.WithLabelValues(order.Cache).Observe(time.Since(begun).Seconds())
	CountPurge(order.Cache, order.Scope())
	result := purging.result(r.Context())
	logPurge(r, log, order, result)
	return AnswerJSON(w, http.StatusOK, result)
}

// readPurge reads the body of a request.
func readPurge(w http.ResponseWriter, r *http.Request) (order report.PurgeOrder, err error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, controlBodyLimit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return order, Error(http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes", tooLarge.Limit))
	}
	if err != nil {
		return order, Error(http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
	}
	if order, err = report.ParsePurge(text); err != nil {
		return order, Error(http.StatusBadRequest, err)
	}
	return order, nil
}

func logPurge(r *http.Request, log *zap.Logger, order report.PurgeOrder, result report.Purge) {
	fields := []zap.Field{
		zap.String("cache", order.Cache), zap.String("scope", order.Scope()), zap.Strings("zones", result.Zones()), zap.String("remote_ip", remoteIP(r)),
	}
	if order.Cache == report.CachePages {
		fields = append(fields, zap.Int("pages", result.Total()))
	}
	if client, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		fields = append(fields, zap.String("client_ip", client))
	}
	if order.Source != nil {
		fields = append(fields, zap.String("source", imageopt.SourcePlace(order.SourceText())))
	}
	log.Info("purged", fields...)
}

// Error is an error that is answered with a status and its text as JSON.
func Error(status int, err error) caddy.APIError {
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
