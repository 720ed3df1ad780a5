//go:build e2e

package e2e_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pollEvery is short enough to go unnoticed and long enough to leave the machine to those who work.
const pollEvery = 20 * time.Millisecond

// within returns a context that ends after limit, or with the test.
func within(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until condition holds.
func eventually(t testing.TB, limit time.Duration, condition func() bool, what string, args ...any) {
	t.Helper()
	require.True(t, poll(limit, condition), append([]any{"waited in vain: " + what}, args...)...)
}

func poll(limit time.Duration, condition func() bool) bool {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		if condition() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// receive returns what comes over a channel.
func receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "waited in vain: "+what)
		panic("unreachable")
	}
}
