package caddymodule

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Queries and dashboards are written with names, labels and types of metrics.
func TestMetricNamesGolden(t *testing.T) {
	edgetest.Serve(t, "nextjs {\n zone / "+edgetest.Named(t, "x")+"\n cache\n}", "nextjs {\n state "+t.TempDir()+"\n}")
	registry := &listingRegistry{Registry: prometheus.NewRegistry()}
	require.NoError(t, registerMetrics(registry))
	var lines []string
	for _, collector := range registry.collectors {
		lines = append(lines, describe(t, collector)...)
	}
	assertGolden(t, "testdata/names/metrics.txt", sortedLines(lines))
}

// listingRegistry keeps what is registered, as a registry of Prometheus says names and labels of it, but no types.
type listingRegistry struct {
	*prometheus.Registry
	collectors []prometheus.Collector
}

// Register implements prometheus.Registerer.
func (r *listingRegistry) Register(c prometheus.Collector) error {
	r.collectors = append(r.collectors, c)
	return r.Registry.Register(c)
}

var descParts = regexp.MustCompile(`fqName: "(\w+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

// describe returns a line for each metric of a collector: name, type and labels in the order of the alphabet.
func describe(t *testing.T, c prometheus.Collector) (lines []string) {
	t.Helper()
	types := typesOf(t, c)
	described := make(chan *prometheus.Desc)
	go func() {
		c.Describe(described)
		close(described)
	}()
	for desc := range described {
		parts := descParts.FindStringSubmatch(desc.String())
		require.NotNil(t, parts, desc)
		kind := cmp.Or(types[parts[1]], types[allOfAVector])
		require.NotEmpty(t, kind, "the type of %s", desc)
		labels := strings.FieldsFunc(parts[2]+","+parts[3], func(r rune) bool { return r == ',' })
		slices.Sort(labels)
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", parts[1], kind, strings.Join(labels, ","))))
	}
	return lines
}

// allOfAVector stands for the names of a vector's metrics, which come when they are first counted and are of one type.
const allOfAVector = ""

// typesOf returns the types of a collector's metrics by their names.
func typesOf(t *testing.T, c prometheus.Collector) map[string]string {
	t.Helper()
	switch c.(type) {
	case *prometheus.CounterVec:
		return map[string]string{allOfAVector: "counter"}
	case *prometheus.GaugeVec:
		return map[string]string{allOfAVector: "gauge"}
	case *prometheus.HistogramVec:
		return map[string]string{allOfAVector: "histogram"}
	case *prometheus.SummaryVec:
		return map[string]string{allOfAVector: "summary"}
	}
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(c))
	families, err := registry.Gather()
	require.NoError(t, err)
	types := map[string]string{}
	for _, family := range families {
		types[family.GetName()] = strings.ToLower(family.GetType().String())
	}
	return types
}
