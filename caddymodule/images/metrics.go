package images

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_requests_total",
		Help: "Requests to the image optimizer by zone and result: hit, stale, miss, private, refused, failed (no source), busy (503), gone (the client left).",
	}, []string{"zone", "result"})
	sourcesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_sources_total",
		Help: "Sources of pictures that were fetched, by zone and result: ok, or why there was none.",
	}, []string{"zone", "result"})
	firstFormatTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_first_format_total",
		Help: "Answers in another format in the place of an AVIF that is made in the background, by zone.",
	}, []string{"zone"})
	transformsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_transforms_total",
		Help: "Pictures that were made, by zone and result: their type, or passed for a source that could not be read.",
	}, []string{"zone", "result"})
	transformSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_transform_seconds",
		Help:    "How long pictures took to be made, their wait in the queue included, by result.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
	}, []string{"result"})
	fetchSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_fetch_seconds",
		Help:    "How long sources of pictures took to be fetched, by result.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"result"})
	bytesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "image_bytes_total",
		Help: "Bytes of sources that were transformed (in), and of the pictures made of them (out), by zone.",
	}, []string{"zone", "direction"})
)

// counters count the requests of one zone by their result.
type counters [imageopt.Results]prometheus.Counter

func countersOf(zone string) *counters {
	counters := new(counters)
	for result := range imageopt.Result(imageopt.Results) {
		counters[result] = requestsTotal.WithLabelValues(zone, result.String())
	}
	return counters
}

// meter counts what the pictures of a zone cost.
type meter struct {
	zone           string
	in, out, first prometheus.Counter
}

func newMeter(zone string) meter {
	return meter{
		zone, bytesTotal.WithLabelValues(zone, "in"), bytesTotal.WithLabelValues(zone, "out"),
		firstFormatTotal.WithLabelValues(zone),
	}
}

// Fetched implements imageopt.Meter.
func (m meter) Fetched(took time.Duration, _ int, cause imageopt.FetchCause) {
	result := string(cause)
	if result == "" {
		result = "ok"
	}
	sourcesTotal.WithLabelValues(m.zone, result).Inc()
	fetchSeconds.WithLabelValues(result).Observe(took.Seconds())
}

// AnsweredFirst implements imageopt.Meter.
func (m meter) AnsweredFirst() { m.first.Inc() }

// Transformed implements imageopt.Meter.
func (m meter) Transformed(output string, took time.Duration, source, made int) {
	transformsTotal.WithLabelValues(m.zone, output).Inc()
	transformSeconds.WithLabelValues(output).Observe(took.Seconds())
	m.in.Add(float64(source))
	m.out.Add(float64(made))
}

// gauges report what the optimizer does at the moment.
var gauges = func() (list []prometheus.Collector) {
	add := func(name, help string, value func(imageopt.PipelineStats, imageopt.OptimizerStats) float64) {
		list = append(list, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "caddy", Subsystem: "nextjs", Name: "image_" + name, Help: help}, func() float64 {
			images := Current()
			if images == nil {
				return 0
			}
			making := images.maker.Load()
			if making == nil {
				return 0
			}
			return value(making.pipeline.Stats(), making.optimizer.Stats())
		}))
	}
	add("transforms_running", "Weight of the transforms that run: a wide AVIF counts as four.", func(p imageopt.PipelineStats, _ imageopt.OptimizerStats) float64 { return float64(p.Running) })
	add("transforms_waiting", "Transforms that wait.", func(p imageopt.PipelineStats, _ imageopt.OptimizerStats) float64 { return float64(p.Waiting) })
	add("sources_held", "Sources that are fetched or in memory.", func(_ imageopt.PipelineStats, o imageopt.OptimizerStats) float64 { return float64(o.Sources) })
	add("sources_waiting", "Requests that wait until their source may be fetched.", func(_ imageopt.PipelineStats, o imageopt.OptimizerStats) float64 { return float64(o.WaitingSources) })
	add("pixel_bytes", "Bytes of pixels that libvips holds.", func(p imageopt.PipelineStats, _ imageopt.OptimizerStats) float64 { return float64(p.PixelBytes) })
	add("revalidations", "Stale pictures whose source was asked again in the background, since the start.", func(_ imageopt.PipelineStats, o imageopt.OptimizerStats) float64 { return float64(o.Revalidations) })
	add("failed_revalidations", "Those of them whose source failed: the old picture is served on.", func(_ imageopt.PipelineStats, o imageopt.OptimizerStats) float64 {
		return float64(o.FailedRevalidations)
	})
	add("shared_pixel_bytes", "Bytes of pixels that are held for other pictures of their source.", func(p imageopt.PipelineStats, _ imageopt.OptimizerStats) float64 { return float64(p.SharedBytes) })
	add("shared_decodes", "Pictures that were made of the pixels of another one, since the start.", func(p imageopt.PipelineStats, _ imageopt.OptimizerStats) float64 { return float64(p.Shared) })
	return list
}()

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector {
	return append([]prometheus.Collector{
		requestsTotal, sourcesTotal, firstFormatTotal, transformsTotal, transformSeconds, fetchSeconds, bytesTotal,
	}, gauges...)
}
