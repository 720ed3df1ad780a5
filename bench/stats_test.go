package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedianIsTheMiddleOrTheMeanOfTheTwo(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		assert.InDelta(t, test.want, median(test.values), 0, "median of %v", test.values)
	}
}

func TestMedianLeavesItsArgumentInOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	median(values)
	assert.Equal(t, []float64{3, 1, 2}, values)
}

func TestPercentileIsANearestRank(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{hundred, 99, 99},
		{hundred, 50, 50},
		{hundred, 100, 100},
		{hundred, 0, 1},
		{[]float64{5}, 99, 5},
		{[]float64{1, 2, 3}, 50, 2},
	} {
		assert.InDelta(t, test.want, percentile(test.values, test.p), 0, "p%v of %d values", test.p, len(test.values))
	}
}

func TestPairRatiosComparesNeighbours(t *testing.T) {
	// The machine became twice as slow after the first round: the ratio of the medians would be wrong, that of pairs is not.
	got, err := pairRatios([]float64{10, 20, 22}, []float64{10, 20, 20})
	require.NoError(t, err)
	assert.Equal(t, ratios{Median: 1, Min: 1, Max: 1.1}, got)
}

func TestPairRatiosRefusesWhatCannotBeCompared(t *testing.T) {
	for name, pair := range map[string][2][]float64{
		"nothing":  {{}, {}},
		"unpaired": {{1, 2}, {1}},
		"zero":     {{1}, {0}},
		"negative": {{-1}, {1}},
	} {
		_, err := pairRatios(pair[0], pair[1])
		assert.Error(t, err, name)
	}
}
