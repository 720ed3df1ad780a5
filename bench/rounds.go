package main

import (
	"context"
	"fmt"
)

// interleave measures every subject once a round. Each second round goes backwards, so that a machine that becomes
// slower or faster meanwhile favours nobody. The result holds the measurements of each subject by its name, in the
// order of rounds.
func interleave[T any](ctx context.Context, rounds int, subjects []subject,
	measure func(context.Context, subject) (T, error),
) (map[string][]T, error) {
	measured := make(map[string][]T, len(subjects))
	for round := range rounds {
		for i := range subjects {
			s := subjects[i]
			if round%2 == 1 {
				s = subjects[len(subjects)-1-i]
			}
			value, err := measure(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			measured[s.name] = append(measured[s.name], value)
		}
	}
	return measured, nil
}
