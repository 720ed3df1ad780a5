package edge

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

var (
	pinnedTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "pinned_requests_total",
		Help: "Requests to zones with several deployments, by zone and what has told which of them they belong to: live " +
			"(nothing), header, dpl, build, action, content, cookie, or unknown (it is not there any more).",
	}, []string{"zone", "reason"})
	unknownPinsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "unknown_pins_total",
		Help: "Requests that name a deployment which is not there any more, by zone; the live one had them.",
	}, []string{"zone"})
	deploymentRequestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "deployment_requests_total",
		Help: "Requests that were answered or have failed, by zone and deployment.",
	}, []string{"zone", "deployment"})
	deploymentErrorsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "deployment_errors_total",
		Help: "Those of them that were answered with 5xx, or not at all, by zone and deployment.",
	}, []string{"zone", "deployment"})
	deploymentSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "deployment_request_duration_seconds",
		Help:    "How long it took until answers began, by zone and deployment.",
		Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 10},
	}, []string{"zone", "deployment"})
)

// PinCounters count why requests to one zone go where they go.
type PinCounters struct {
	reasons [deploy.PinReasons]prometheus.Counter
	unknown prometheus.Counter
}

// PinCountersOf returns the counters of a zone.
func PinCountersOf(zone string) *PinCounters {
	c := &PinCounters{unknown: unknownPinsTotal.WithLabelValues(zone)}
	for reason := range deploy.PinReason(deploy.PinReasons) {
		c.reasons[reason] = pinnedTotal.WithLabelValues(zone, reason.String())
	}
	return c
}

// DeploymentCounters count what one deployment of a zone answers.
type DeploymentCounters struct {
	requests, errors prometheus.Counter
	seconds          prometheus.Observer
	pinned           atomic.Int64
}

// deploymentCounters are those of the process, by zone and deployment: they outlive views and configurations.
var deploymentCounters sync.Map

// DeploymentCountersOf returns the counters of a deployment.
func DeploymentCountersOf(zone, deployment string) *DeploymentCounters {
	if known, is := deploymentCounters.Load([2]string{zone, deployment}); is {
		return known.(*DeploymentCounters)
	}
	known, _ := deploymentCounters.LoadOrStore([2]string{zone, deployment}, &DeploymentCounters{
		requests: deploymentRequestsTotal.WithLabelValues(zone, deployment),
		errors:   deploymentErrorsTotal.WithLabelValues(zone, deployment),
		seconds:  deploymentSeconds.WithLabelValues(zone, deployment),
	})
	return known.(*DeploymentCounters)
}

// Pinned is how many requests went to the deployment because they belong to it, since the process began.
func (c *DeploymentCounters) Pinned() int64 {
	if c == nil {
		return 0
	}
	return c.pinned.Load()
}

// ForgetDeployment ends the counts of a deployment that is retired: there is a new one with each deploy. Requests that
// still run count nowhere.
func ForgetDeployment(zone, deployment string) {
	deploymentCounters.Delete([2]string{zone, deployment})
	deploymentRequestsTotal.DeleteLabelValues(zone, deployment)
	deploymentErrorsTotal.DeleteLabelValues(zone, deployment)
	deploymentSeconds.DeleteLabelValues(zone, deployment)
}

// count counts an answer that has begun with a status, in a time since its request came.
func (c *DeploymentCounters) count(status int, took time.Duration) {
	if c == nil {
		return
	}
	c.requests.Inc()
	c.seconds.Observe(took.Seconds())
	if status >= 500 {
		c.errors.Inc()
	}
}
