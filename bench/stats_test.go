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
	// The machine became twice as slow after the first round: the ratio of the medians would be wrong, that of pairs is
	// not.
	got, err := pairRatios([]float64{10, 20, 22}, []float64{10, 20, 20})
	require.NoError(t, err)
	assert.Equal(t, ratios{Median: 1, Low: 1, High: 1.1}, got)
}

func TestPairRatiosHaveAnIntervalAsSoonAsThereCanBeOne(t *testing.T) {
	ones, values := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}, []float64{9, 8, 7, 6, 5, 4, 3, 2, 1}
	// Of nine values, the second and the last but one enclose the median with 96 % (binomial distribution).
	for count, want := range map[int]ratios{1: {9, 9, 9}, 5: {7, 5, 9}, 6: {6.5, 4, 9}, 9: {5, 2, 8}} {
		got, err := pairRatios(values[:count], ones[:count])
		require.NoError(t, err)
		assert.Equal(t, want, got, "%d pairs", count)
	}
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
