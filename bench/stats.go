package main

import (
	"errors"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// summarize sorts at least one value, and returns the median and its confidence interval of 95 %.
func summarize(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}

// median of at least one value.
func median(values []float64) float64 { return summarize(slices.Clone(values)).Center }

// percentile returns the smallest value that at least p percent of the values do not exceed (nearest rank).
func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// ratios are those of neighbouring measurements, which met the same machine. The median lies between Low and High with
// a confidence of 95 %; of fewer than six pairs nothing like that can be said, and they are the smallest and the
// largest.
type ratios struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
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
	s := summarize(pairs)
	return ratios{Median: s.Center, Low: max(s.Lo, pairs[0]), High: min(s.Hi, pairs[len(pairs)-1])}, nil
}
