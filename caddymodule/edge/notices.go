package edge

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// notice is something that requests and answers show to be wrong with an application, and that the edge cannot put
// right.
type notice uint8

// The notices.
const (
	noticeRewriteOverTLS  notice = iota // a rewrite of the middleware fails over TLS
	NoticeCameBack                      // the application asks the edge for what it should answer itself
	noticeOtherDeployment               // the application is not of the build
	noticeLoop                          // an upstream is the edge itself
	noticeMixed                         // upstreams run different builds
	notices                             // how many there are
)

var noticeNames = [notices]string{
	noticeRewriteOverTLS: "rewrite_over_tls", NoticeCameBack: "came_back",
	noticeOtherDeployment: "other_deployment", noticeLoop: "loop", noticeMixed: "mixed_deployments",
}

var noticesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "notices_total",
	Help: "Requests and answers that show a fault of the application, by zone and notice.",
}, []string{"zone", "notice"})

// Notices are the notices of one zone.
type Notices struct {
	zone     string
	mark     string    // in Via, of requests that go to the zone's application
	marked   [3]string // Via as reverse_proxy writes it of HTTP/1.1, 2.0 and 3.0, with the mark
	counters [notices]prometheus.Counter
	Said     [notices]*logLimit
}

// viaWritten is what reverse_proxy writes.
var viaWritten = [3]string{"1.1 Caddy", "2.0 Caddy", "3.0 Caddy"}

// processMark tells this process apart from other edges.
var processMark = sync.OnceValue(func() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
})

// NoticesOf returns the notices of a zone; space is its application (ZoneConfig.space), for zones of several sites
// have one name.
func NoticesOf(zone, space string) *Notices {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(space))
	z := &Notices{zone: zone, mark: fmt.Sprintf("(caddy-nextjs %s-%08x)", processMark(), hash.Sum32())}
	for i, via := range viaWritten {
		z.marked[i] = via + " " + z.mark
	}
	for n, name := range noticeNames {
		z.counters[n] = noticesTotal.WithLabelValues(zone, name)
		z.Said[n] = LogLimitOf(zone, name)
	}
	return z
}

// notice counts a notice, and says it once an hour at most.
func (z *Notices) notice(n notice, logger *zap.Logger, msg string, fields ...zap.Field) {
	z.counters[n].Inc()
	if !z.Said[n].oncePerHour() {
		return
	}
	logger.Warn(msg, append([]zap.Field{zap.String("zone", z.zone), zap.String("notice", noticeNames[n])}, fields...)...)
}

// MarkVia writes into a request to the application by which process it goes there, and for which zone.
func (z *Notices) MarkVia(h http.Header) {
	via := h["Via"]
	if len(via) == 0 {
		return
	}
	for i, written := range viaWritten {
		if via[len(via)-1] == written {
			via[len(via)-1] = z.marked[i]
			return
		}
	}
}

// MaxReturns is how often a request may come back before it is taken for one that goes in a circle.
const MaxReturns = 3

// OfRequest notices a request that the application has sent to the edge: it passes on what it has got itself. It
// returns how often the request has come back. One that has must not wait for what is being fetched: that may be
// itself.
func (z *Notices) OfRequest(r *http.Request, logger *zap.Logger) (returns int) {
	for _, via := range r.Header["Via"] {
		returns += strings.Count(via, z.mark)
	}
	switch {
	case returns >= MaxReturns:
		z.notice(noticeLoop, logger, "a request goes in a circle: an upstream leads back to this edge",
			zap.String("path", r.URL.Path),
			zap.String("remedy", "name the application as the zone's upstream, and not the site"))
	case returns > 0:
		z.notice(NoticeCameBack, logger,
			"a request came back from the application, whose middleware runs twice: a rewrite names the site's own address",
			zap.String("path", r.URL.Path),
			zap.String("remedy", "rewrite to new URL(path, request.url), or set experimental.trustHostHeader"))
	}
	return returns
}

// OfResponse notices what an answer of the application shows.
func (z *Notices) OfResponse(res *http.Response, a *Request, path string, logger *zap.Logger) {
	if rules.IsRewriteOverTLS(res.StatusCode, res.Header, a.Try.Upstream.Dial) {
		z.notice(noticeRewriteOverTLS, logger,
			"a rewrite of the middleware failed: Next.js takes its own address for another host's, and speaks TLS to it",
			zap.String("path", path), zap.String("rewrite", res.Header.Get("X-Middleware-Rewrite")),
			zap.String("remedy", "start it with HOSTNAME=localhost or 0.0.0.0 (-H), not 127.0.0.1: vercel/next.js#94745"))
	}
	if said := res.Header["X-Nextjs-Deployment-Id"]; len(said) == 1 {
		z.ofMixed(a, said[0], logger)
	}
	if id, other := a.Zone.RuleSet.OtherDeployment(res.Header); other {
		z.notice(noticeOtherDeployment, logger,
			"the application is another deployment than the build: unless it is being deployed, pages reload without end",
			zap.String("path", path), zap.String("application", id), zap.String("build", a.Zone.Build.DeploymentID),
			zap.String("remedy",
				"build and start with one NEXT_DEPLOYMENT_ID, and let `build` name what runs: vercel/next.js#98078"))
	}
}

// ofMixed notices that two upstreams of one deployment run different builds: what belongs to a document of one is asked
// of the other.
func (z *Notices) ofMixed(a *Request, said string, logger *zap.Logger) {
	other, otherSaid := a.Zone.Upstreams.Says(a.Try.Upstream, said)
	if other == nil {
		return
	}
	z.saysMixed(logger, a.Try.Upstream, other, zap.String("runs", said), zap.String("other_runs", otherSaid))
}

// OfMixed notices the same of upstreams that say no deployment id: one has a file of a build that the other has not.
func (z *Notices) OfMixed(found deploy.Mixed, logger *zap.Logger) {
	z.saysMixed(logger, found.Has, found.Lacks, zap.String("runs", found.BuildID))
}

func (z *Notices) saysMixed(logger *zap.Logger, one, other *deploy.Upstream, runs ...zap.Field) {
	z.notice(noticeMixed, logger,
		"upstreams of the zone run different builds: pages of one load again, and their actions are not found, when the other is asked",
		append(runs, zap.Stringer("upstream", one.Address), zap.Stringer("other_upstream", other.Address),
			zap.String("remedy", "give each build upstreams of its own, and switch by `caddy nextjs deploy`"))...)
}
