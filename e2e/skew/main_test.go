//go:build e2e

// Package skew_test deploys builds of one application over each other while clients hold documents of the builds before.
package skew_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
