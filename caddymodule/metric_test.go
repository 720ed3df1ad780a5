package caddymodule

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// metric returns the value of a metric of the project, told by its name behind `caddy_nextjs_` and the values of its
// labels in any order; 0 if it was never counted.
func metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, registerMetrics(registry))
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != "caddy_nextjs_"+name {
			continue
		}
		for _, one := range family.GetMetric() {
			values := make([]string, len(one.GetLabel()))
			for i, label := range one.GetLabel() {
				values[i] = label.GetValue()
			}
			if slices.Equal(slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(labels))) {
				return one.GetCounter().GetValue() + one.GetGauge().GetValue()
			}
		}
	}
	return 0
}
