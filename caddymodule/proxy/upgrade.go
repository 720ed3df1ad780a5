package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// upgradeTimeoutError is a timeout to those who ask (net.Error), so the client gets 504.
type upgradeTimeoutError struct{}

func (upgradeTimeoutError) Error() string {
	return "the upstream did not answer the upgrade within upgrade_timeout"
}
func (upgradeTimeoutError) Timeout() bool   { return true }
func (upgradeTimeoutError) Temporary() bool { return true }

var errUpgradeTimeout upgradeTimeoutError

// upgradeWithin sends an upgrade request that must be answered within limit. The connection that comes of it has no
// limit.
func upgradeWithin(limit time.Duration, transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	timer := time.AfterFunc(limit, cancel)
	res, err := transport.RoundTrip(req.WithContext(ctx))
	if timer.Stop() {
		// In time: from here on the connection ends with the request's own context, of which ctx is a child.
		return res, err
	}
	if err == nil {
		_ = res.Body.Close() // the answer came too late and is thrown away
	}
	if req.Context().Err() != nil {
		return nil, req.Context().Err()
	}
	return nil, errUpgradeTimeout
}

var upgradeTimeoutsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "upgrade_timeouts_total",
	Help: "Upgrade requests ended by upgrade_timeout because the upstream did not answer, by zone.",
}, []string{"zone"})
