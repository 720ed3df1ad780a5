package pages

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// copies reports the compressed copies of pages by coding, since the start.
type copies struct{}

// copyFigures are the metrics of copies.
var copyFigures = []struct {
	desc  *prometheus.Desc
	value func(pagecache.CopyStats) uint64
}{
	{copyDesc("copies_total", "Compressed copies of pages that were made, by coding."), func(s pagecache.CopyStats) uint64 { return s.Made }},
	{copyDesc("copy_bytes_total", "Bytes of the compressed copies of pages that were made, by coding."), func(s pagecache.CopyStats) uint64 { return s.Bytes }},
	{copyDesc("copies_served_total", "Requests that were answered with a compressed copy of a page, by coding."), func(s pagecache.CopyStats) uint64 { return s.Served }},
}

func copyDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("caddy_nextjs_page_"+name, help, []string{"coding"}, nil)
}

// Describe implements prometheus.Collector.
func (copies) Describe(ch chan<- *prometheus.Desc) {
	for _, figure := range copyFigures {
		ch <- figure.desc
	}
}

// Collect implements prometheus.Collector.
func (copies) Collect(ch chan<- prometheus.Metric) {
	pages := Current()
	if pages == nil {
		return
	}
	for _, stats := range pages.Cache.Stats().Copies {
		for _, figure := range copyFigures {
			ch <- prometheus.MustNewConstMetric(figure.desc, prometheus.CounterValue, float64(figure.value(stats)), stats.Coding)
		}
	}
}
