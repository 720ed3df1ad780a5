package caddymodule

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
)

var (
	staticRequestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_requests_total",
		Help: "Requests for files, by zone and by where the answer came from: memory and disk (files of builds), kept (files that had passed through), upstream.",
	}, []string{"zone", "source"})
	staticBytesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_bytes_total",
		Help: "Bytes of files as they were sent, by zone, by where they came from, and by content coding.",
	}, []string{"zone", "source", "encoding"})
	staticMemoryBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_memory_bytes",
		Help: "Bytes of files of builds that are kept in memory as they are.",
	}, func() float64 { return float64(staticMemoryUsed.Load()) })
)

// encodingNames are the values of the label `encoding`.
var encodingNames = [...]string{"identity", "zstd", "br", "gzip"}

// fileCounters count the answers with files of one zone.
type fileCounters [assets.Sources]sourceCounters

// sourceCounters count those that came from one place.
type sourceCounters struct {
	requests prometheus.Counter
	bytes    [len(encodingNames)]prometheus.Counter
}

func fileCountersOf(zone string) *fileCounters {
	counters := new(fileCounters)
	for source := assets.NotServed + 1; source < assets.Sources; source++ {
		c := &counters[source]
		c.requests = staticRequestsTotal.WithLabelValues(zone, source.String())
		for i, name := range encodingNames {
			c.bytes[i] = staticBytesTotal.WithLabelValues(zone, source.String(), name)
		}
	}
	return counters
}

// answered counts an answer. Its bytes are counted when the handler that compresses has sent them all.
func (c *fileCounters) answered(w http.ResponseWriter, source assets.Source) {
	c[source].requests.Inc()
	if w, ok := w.(interface{ CountSent(sentCounter) }); ok {
		w.CountSent(&c[source])
	}
}

// sentCounter is told how many bytes of an answer's body went to the client, and in which content coding; "" is none.
type sentCounter = interface {
	Sent(coding string, bytes int64)
}

// Sent counts the bytes of an answer.
func (c *sourceCounters) Sent(coding string, bytes int64) {
	for i, name := range encodingNames {
		if name == coding || coding == "" {
			c.bytes[i].Add(float64(bytes))
			return
		}
	}
}
