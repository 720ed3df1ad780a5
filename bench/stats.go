package main

import (
	"errors"
	"math"
	"slices"
)

// median of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile returns the smallest value that at least p percent of the values do not exceed (nearest rank).
func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// ratios are those of neighbouring measurements, which met the same machine.
type ratios struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func pairRatios(ours, theirs []float64) (ratios, error) {
	if len(ours) == 0 || len(ours) != len(theirs) {
		return ratios{}, errors.New("each measurement of ours needs one of the peer's")
	}
	pairs := make([]float64, len(ours))
	for i := range ours {
		if theirs[i] <= 0 || ours[i] < 0 {
			return ratios{}, errors.New("a measurement is too small to compare: more requests are needed")
		}
		pairs[i] = ours[i] / theirs[i]
	}
	return ratios{Median: median(pairs), Min: slices.Min(pairs), Max: slices.Max(pairs)}, nil
}
