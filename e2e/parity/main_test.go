//go:build e2e

// Package parity_test compares answers through the edge with those of `next start`, for every route and rule of the
// fixtures, and tests what differs on purpose.
package parity_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
