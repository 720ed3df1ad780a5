package fleet

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

var eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "upstream_events_total",
	Help: "What has become of upstreams, by zone and event: unhealthy, ejected, recovered, drained, panic: none of the " +
		"zone is fit, or of the zone itself: paused, resumed.",
}, []string{"zone", "event"})

// row is one upstream of one zone of the configuration that serves.
type row struct {
	zone    *deploy.Zone
	member  *deploy.Member
	latency time.Duration
}

// rows returns the upstreams of the configuration that serves, one for each name of a zone and address: two
// applications of one name would have the same labels.
func rows() (list []row) {
	s := current.Load()
	if s == nil {
		return nil
	}
	now, seen := time.Now(), map[[2]string]bool{}
	zones := s.State().Zones
	for _, id := range slices.Sorted(maps.Keys(zones)) {
		for _, member := range zones[id].Deployment.Members {
			key := [2]string{zones[id].Name, member.String()}
			if !seen[key] {
				seen[key] = true
				list = append(list, row{zones[id], member, member.Latency(now)})
			}
		}
	}
	return list
}

// waiting returns how many requests wait for an upstream, by the name of their zone.
func waiting() map[string]int64 {
	s, counts := current.Load(), map[string]int64{}
	if s == nil {
		return counts
	}
	for id, zone := range s.State().Zones {
		counts[zone.Name] += s.Waiting(id)
	}
	return counts
}

// upstreamMetrics report upstreams at the moment they are asked. One that is gone has none.
type upstreamMetrics struct{}

var (
	upstreamLabels = []string{"zone", "upstream"}
	stateDesc      = prometheus.NewDesc("caddy_nextjs_upstream_state",
		"1 for the state that an upstream is in: healthy, unhealthy, ejected or draining, by zone and upstream.",
		[]string{"zone", "upstream", "state"}, nil)
	inFlightDesc = prometheus.NewDesc("caddy_nextjs_upstream_requests_in_flight",
		"Requests whose answer has not ended, by zone and upstream. An upstream of several zones has the same in each.",
		upstreamLabels, nil)
	latencyDesc = prometheus.NewDesc("caddy_nextjs_upstream_latency_seconds",
		"Mean time that answers have taken to begin, the latest counting most, by zone and upstream.", upstreamLabels, nil)
	waitingDesc = prometheus.NewDesc("caddy_nextjs_queue_waiting",
		"Requests that wait for an upstream, by zone.", []string{"zone"}, nil)
	failuresDesc = prometheus.NewDesc("caddy_nextjs_upstream_failures_total",
		"Tries that have failed, by zone, upstream and kind: dial, reset or error. An upstream of several zones has the "+
			"same in each.", []string{"zone", "upstream", "kind"}, nil)
)

// Describe implements prometheus.Collector.
func (upstreamMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- stateDesc
	ch <- inFlightDesc
	ch <- latencyDesc
	ch <- failuresDesc
	ch <- waitingDesc
}

// Collect implements prometheus.Collector.
func (upstreamMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, row := range rows() {
		labels := []string{row.zone.Name, row.member.String()}
		ch <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, append(labels, row.member.State.String())...)
		ch <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(row.member.InFlight()), labels...)
		ch <- prometheus.MustNewConstMetric(latencyDesc, prometheus.GaugeValue, row.latency.Seconds(), labels...)
		for how := range deploy.Failure(deploy.Failures) {
			failed := float64(row.member.Failed(how))
			ch <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, failed, append(labels, how.String())...)
		}
	}
	for zone, count := range waiting() {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(count), zone)
	}
}

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{eventsTotal, upstreamMetrics{}}
}
