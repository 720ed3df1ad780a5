package caddymodule

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tables of docs/metrics.md have each metric once, and no other; every metric that a page names is one of them.
func TestTheListOfMetricsIsComplete(t *testing.T) {
	registry := prometheus.NewRegistry()
	require.NoError(t, registerMetrics(registry))
	described := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(described)
		close(described)
	}()
	var ours []string
	for desc := range described {
		name := regexp.MustCompile(`fqName: "(caddy_nextjs_\w+)"`).FindStringSubmatch(desc.String())
		require.NotNil(t, name, desc)
		ours = append(ours, name[1])
	}
	page, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	nameInCode := regexp.MustCompile("`(caddy_nextjs_[a-z0-9_]+)")
	var listed []string
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if strings.HasPrefix(line, "| `caddy_nextjs_") {
			for _, name := range nameInCode.FindAllStringSubmatch(cells[0], -1) {
				listed = append(listed, name[1])
			}
		}
	}
	slices.Sort(ours)
	assert.ElementsMatch(t, slices.Compact(ours), listed)

	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	for _, file := range append(pages, "../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range nameInCode.FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, ours, name[1], file)
		}
	}
}
