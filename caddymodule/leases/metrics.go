package leases

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// gauges reports what the stores of the process hold and do, at the moment it is asked.
type gauges struct{}

// storeFigure is one metric of a store.
type storeFigure struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	value  func(blobstore.Stats) float64
	labels []string
}

var storeFigures = func() (figures []storeFigure) {
	add := func(name, help string, kind prometheus.ValueType, label string, values map[string]func(blobstore.Stats) float64) {
		labels := []string{"store"}
		if label != "" {
			labels = append(labels, label)
		}
		desc := prometheus.NewDesc("caddy_nextjs_store_"+name, help, labels, nil)
		for labelValue, value := range values {
			figure := storeFigure{desc: desc, kind: kind, value: value}
			if label != "" {
				figure.labels = []string{labelValue}
			}
			figures = append(figures, figure)
		}
	}
	type values = map[string]func(blobstore.Stats) float64
	add("bytes", "Bytes that are kept, by store and tier.", prometheus.GaugeValue, "tier", values{
		"memory": func(s blobstore.Stats) float64 { return float64(s.Memory.Bytes) },
		"disk":   func(s blobstore.Stats) float64 { return float64(s.Disk.Bytes) },
	})
	add("bound_bytes", "Bytes that may be kept, by store and tier.", prometheus.GaugeValue, "tier", values{
		"memory": func(s blobstore.Stats) float64 { return float64(s.Memory.Bound) },
		"disk":   func(s blobstore.Stats) float64 { return float64(s.Disk.Bound) },
	})
	add("entries", "Entries that are kept, by store and tier.", prometheus.GaugeValue, "tier", values{
		"memory": func(s blobstore.Stats) float64 { return float64(s.Memory.Entries) },
		"disk":   func(s blobstore.Stats) float64 { return float64(s.Disk.Entries) },
	})
	add("lookups_total", "Look-ups, by store and by where the entry was found: memory, disk, or nowhere (miss).", prometheus.CounterValue, "result", values{
		"memory": func(s blobstore.Stats) float64 { return float64(s.Memory.Hits) },
		"disk":   func(s blobstore.Stats) float64 { return float64(s.Disk.Hits) },
		"miss":   func(s blobstore.Stats) float64 { return float64(s.Misses) },
	})
	add("evictions_total", "Entries that made room for others, by store and tier.", prometheus.CounterValue, "tier", values{
		"memory": func(s blobstore.Stats) float64 { return float64(s.Memory.Evictions) },
		"disk":   func(s blobstore.Stats) float64 { return float64(s.Disk.Evictions) },
	})
	add("refused_writes_total", "Entries that were not kept, by store and reason: too large or too much at once (bound), or the disk (disk).", prometheus.CounterValue, "reason", values{
		"bound": func(s blobstore.Stats) float64 { return float64(s.Refused) },
		"disk":  func(s blobstore.Stats) float64 { return float64(s.Failed) },
	})
	add("damaged_total", "Entries that were found damaged on disk, and removed.", prometheus.CounterValue, "", values{
		"": func(s blobstore.Stats) float64 { return float64(s.Damaged) },
	})
	return figures
}()

// Describe implements prometheus.Collector.
func (gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, figure := range storeFigures {
		ch <- figure.desc
	}
}

// Collect implements prometheus.Collector.
func (gauges) Collect(ch chan<- prometheus.Metric) {
	pool.Range(func(_, value any) bool {
		leased, isStore := value.(interface{ pooled() *Store })
		if !isStore {
			return true
		}
		pooled := leased.pooled()
		stats := pooled.Blobs.Stats()
		for _, figure := range storeFigures {
			ch <- prometheus.MustNewConstMetric(figure.desc, figure.kind, figure.value(stats), append([]string{pooled.name}, figure.labels...)...)
		}
		return true
	})
}

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector { return []prometheus.Collector{gauges{}} }
