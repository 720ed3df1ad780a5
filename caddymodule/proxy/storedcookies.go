package proxy

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

var (
	storedCookiesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "stored_cookies_total",
		Help: "Cookies that Next.js has stored with prerendered route handlers and that reached a visitor, by zone: " +
			"the same had not come before.",
	}, []string{"zone"})
	storedCookiesBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "stored_cookies_bytes",
		Help: "Bytes of what is remembered of cookies of prerendered route handlers; at most 1 MiB.",
	}, func() float64 { return float64(processCookies.Size()) })
)

// maxSaidCookies bounds how many route handlers a log line is remembered of. There are as many as builds have such.
const maxSaidCookies = 1024

// saidCookies are the route handlers whose stored cookies a log line was written of.
type saidCookies struct {
	mu   sync.Mutex
	said map[[2]string]bool // by the hash of the build, and the pattern of the route
}

// first reports whether a route handler of a build is seen for the first time.
func (s *saidCookies) first(build, page string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	handler := [2]string{build, page}
	if s.said[handler] {
		return false
	}
	if s.said == nil || len(s.said) >= maxSaidCookies {
		s.said = map[[2]string]bool{}
	}
	s.said[handler] = true
	return true
}

// cleanStoredCookies takes off an answer what Next.js has stored with a prerendered route handler for one visitor, and
// would give to all. It comes before the cookies are named for their zone.
func (t *Transport) cleanStoredCookies(req *http.Request, h http.Header, a *edge.Request) {
	if len(h["Set-Cookie"]) == 0 || !a.Zone.Repairs.Has(edge.RepairStoredCookies) ||
		a.Zone.RuleSet == nil || proxyRewrote(a, req) {
		return
	}
	done := processCookies.Clean(h, a.Zone.RuleSet, a.Verdict)
	if done.Removed > 0 {
		a.Zone.Repairs.Count(edge.RepairStoredCookies)
	}
	if done.Passed == 0 {
		return
	}
	storedCookiesTotal.WithLabelValues(a.Zone.Name).Add(float64(done.Passed))
	if processSaidCookies.first(a.Zone.Build.Hash, done.Page) {
		t.logger.Warn("a prerendered route handler sets a cookie, which Next.js stores and gives to every visitor; the edge "+
			"removes it once it has come before. Set it in middleware, or make the handler dynamic "+
			"(export const dynamic = 'force-dynamic'); `repair { stored_cookies off }` leaves such cookies alone",
			zap.String("zone", a.Zone.Name), zap.String("route", done.Page), zap.String("cookie", done.First))
	}
}

// proxyRewrote reports whether the proxy has rewritten the path, so that the verdict is not about the answer.
func proxyRewrote(a *edge.Request, req *http.Request) bool {
	return spelling.EscapedPath(req.URL) != a.Full
}
