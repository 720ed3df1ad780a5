package edgetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds every wait for something that happens at once on an idle machine.
const Patience = 30 * time.Second

// pollEvery is short enough to go unnoticed and long enough to leave the machine to those who work.
const pollEvery = 20 * time.Millisecond

// Within returns a context that ends after limit, or with the test.
func Within(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// Eventually waits until condition holds.
func Eventually(t testing.TB, limit time.Duration, condition func() bool, what string, args ...any) {
	t.Helper()
	require.True(t, Poll(limit, condition), append([]any{"waited in vain: " + what}, args...)...)
}

// Poll waits until condition holds, and reports whether it did within limit.
func Poll(limit time.Duration, condition func() bool) bool {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		if condition() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// Receive returns what comes over a channel.
func Receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(Patience):
		require.FailNow(t, "waited in vain: "+what)
		panic("unreachable")
	}
}
