//go:build e2e

// Package outage_test has nobody answer for a zone for a while: requests wait, and what is kept goes on.
package outage_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
