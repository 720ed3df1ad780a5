package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyTheFirstPeerHasALimit(t *testing.T) {
	rows := compareAll("page", "us", map[string][]float64{
		nameOurs: {100, 120}, nameNginx: {50, 60}, nameStock: {100, 100},
	}, limits{Limit: 1.05, Aim: 1})
	require.Len(t, rows, 2)
	assert.Equal(t, nameStock, rows[0].Peer)
	assert.Equal(t, "1.05 over", rows[0].verdict())
	assert.Equal(t, nameNginx, rows[1].Peer)
	assert.Equal(t, "-", rows[1].verdict())
}

func TestOnlyARowWithALimitFailsWhenItCannotBeCompared(t *testing.T) {
	rows := compareAll("delay", "ms", map[string][]float64{nameOurs: {0.1}, nameStock: {-0.1}, nameNginx: {0}}, limits{Limit: 1.2})
	require.Len(t, rows, 2)
	assert.NotEmpty(t, rows[0].Error)
	assert.Empty(t, rows[1].Error)
	assert.Equal(t, []string{"delay", "0.10 ms", "0.00 ms nginx", "-", "-"}, rows[1].cells())
}

func TestVerdictMentionsTheAimWhenItIsMet(t *testing.T) {
	r := row{Unit: "%", Ours: 7, Ratio: &ratios{Median: 2}, limits: limits{Limit: 15, Aim: 8, OnValue: true}}
	assert.Equal(t, "15.00 % ok, aim 8.00 % met", r.verdict())
}

func TestResultNamesWhatFailedAndWhatWasSkipped(t *testing.T) {
	var out bytes.Buffer
	result{
		Machine: "a machine", Rows: []row{{Name: "ssr", Error: "it broke\nbadly"}}, Skipped: []string{"nginx: not installed, skipped"},
	}.print(&out)
	for _, want := range []string{"error: ssr: it broke; badly\n", "nginx: not installed, skipped\n", "a machine\n"} {
		assert.Contains(t, out.String(), want)
	}
}

func TestALimitMayBeTheLeastThatIsEnough(t *testing.T) {
	r := row{Unit: "%", Ours: 98.5, limits: limits{Limit: 98, Least: true, OnValue: true}}
	assert.Equal(t, "at least 98.00 % ok", r.verdict())
	r.Ours = 97
	assert.Equal(t, "at least 98.00 % under", r.verdict())
	assert.Equal(t, "2.00 ok", row{Ours: 1, limits: limits{Limit: 2, OnValue: true}}.verdict())
}
