package files

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
)

var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_requests_total",
		Help: "Requests for files, by zone and by where the answer came from: memory and disk (files of builds), kept (files that had passed through), archive (files of earlier builds), upstream.",
	}, []string{"zone", "source"})
	bytesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_bytes_total",
		Help: "Bytes of files as they were sent, by zone, by where they came from, and by content coding.",
	}, []string{"zone", "source", "encoding"})
	memoryBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_memory_bytes",
		Help: "Bytes of files of builds that are kept in memory as they are.",
	}, func() float64 { return float64(memoryUsed.Load()) })
)

// encodingNames are the values of the label `encoding`.
var encodingNames = [...]string{"identity", "zstd", "br", "gzip"}

// counters count the answers with files of one zone.
type counters [assets.Sources]sourceCounters

// sourceCounters count those that came from one place.
type sourceCounters struct {
	requests prometheus.Counter
	bytes    [len(encodingNames)]prometheus.Counter
}

func countersOf(zone string) *counters {
	counters := new(counters)
	for source := assets.NotServed + 1; source < assets.Sources; source++ {
		c := &counters[source]
		c.requests = requestsTotal.WithLabelValues(zone, source.String())
		for i, name := range encodingNames {
			c.bytes[i] = bytesTotal.WithLabelValues(zone, source.String(), name)
		}
	}
	return counters
}

// answered counts an answer. Its bytes are counted when the handler that compresses has sent them all.
func (c *counters) answered(w http.ResponseWriter, source assets.Source) {
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

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{requestsTotal, bytesTotal, memoryBytes, copiesPending, filesHeld, archiveBytes, archiveBuilds}
}

var filesHeld = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "files_held",
	Help: "Files of builds and exports that are held open, so that they can be served when they have been replaced.",
}, func() float64 { return float64(assets.HeldFiles()) })
