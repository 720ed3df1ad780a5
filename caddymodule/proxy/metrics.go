package proxy

import "github.com/prometheus/client_golang/prometheus"

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		dialFailuresTotal, resetsTotal, unknownFateTotal, replaysTotal, keptActionBytes, actionMemoryBytes,
		upgradeTimeoutsTotal, storedCookiesTotal, storedCookiesBytes,
		streamGauge{&processStreams},
	}
}
