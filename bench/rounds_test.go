package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterleaveTurnsTheOrderAround(t *testing.T) {
	var order []string
	measured, err := interleave(t.Context(), 3, []subject{{name: "a"}, {name: "b"}}, func(_ context.Context, s subject) (int, error) {
		order = append(order, s.name)
		return len(order), nil
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "b", "a", "a", "b"}, order)
	assert.Equal(t, map[string][]int{"a": {1, 4, 5}, "b": {2, 3, 6}}, measured)
}
