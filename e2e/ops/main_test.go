//go:build e2e

// Package ops_test does what an operator does: start, reload, deploy, stop, ask for an explanation, and read what the
// edge says of what is wrong.
package ops_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
