package pages

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

var requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "page_requests_total",
	Help: "Requests to the page cache by zone, result (hit, stale, miss, bypass) and reason.",
}, []string{"zone", "result", "reason"})

// counters count the requests of one zone.
type counters struct {
	zone    string
	counted sync.Map // of pagecache.Result: its prometheus.Counter, which takes longer to find by its labels
}

func countersOf(zone string) *counters { return &counters{zone: zone} }

func (c *counters) count(result pagecache.Result) {
	counter, ok := c.counted.Load(result)
	if !ok {
		counter, _ = c.counted.LoadOrStore(result, requestsTotal.WithLabelValues(c.zone, result.Kind.String(), string(result.Reason)))
	}
	counter.(prometheus.Counter).Inc()
}

// gauges report what the page cache does at the moment.
var gauges = func() (list []prometheus.Collector) {
	add := func(name, help string, value func(pagecache.Stats) float64) {
		list = append(list, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "caddy", Subsystem: "nextjs", Name: "page_" + name, Help: help}, func() float64 {
			pages := Current()
			if pages == nil {
				return 0
			}
			return value(pages.Cache.Stats())
		}))
	}
	add("filling_bytes", "Bytes of answers that are coming in, or that slow clients still read.", func(s pagecache.Stats) float64 { return float64(s.Filling) })
	add("fill_memory_bytes", "The bound of page_filling_bytes.", func(s pagecache.Stats) float64 { return float64(s.FillMemory) })
	add("degraded", "Answers that were not kept, or whose slow readers got the rest in another way, because fill_memory was in use, since the start.", func(s pagecache.Stats) float64 { return float64(s.Degraded) })
	add("revalidating", "Stale pages that are fetched in the background.", func(s pagecache.Stats) float64 { return float64(s.Revalidating) })
	add("recent_bytes", "Bytes of what is remembered of pages for a while: that they were not kept, failed, or were asked for again; at most 4 MiB.", func(s pagecache.Stats) float64 { return float64(s.Recent) })
	add("recent_dropped", "Pages of which that was forgotten before its time, for want of room, since the start.", func(s pagecache.Stats) float64 { return float64(s.RecentDropped) })
	add("remaking", "Pages that Next.js makes again at the moment, and that are asked for until they are new.", func(s pagecache.Stats) float64 { return float64(s.Remaking) })
	add("revalidations", "Stale pages that were fetched in the background, since the start.", func(s pagecache.Stats) float64 { return float64(s.Revalidations) })
	add("followed", "Requests that were answered by the fetch of another one, since the start.", func(s pagecache.Stats) float64 { return float64(s.Followed) })
	add("copies_waiting", "Compressed copies of pages that are still to be made.", func(s pagecache.Stats) float64 { return float64(s.CopiesWaiting) })
	add("copies_skipped", "Compressed copies that were not made when they were due, because too many were waiting, since the start.", func(s pagecache.Stats) float64 { return float64(s.CopiesSkipped) })
	add("parted", "Answers too large to be kept that a client asked for once more, because others were far ahead or behind, since the start.", func(s pagecache.Stats) float64 { return float64(s.Detached) })
	return list
}()

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector {
	return append([]prometheus.Collector{requestsTotal, copies{}}, gauges...)
}
