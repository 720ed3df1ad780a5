//go:build e2e

// Package browser_test visits the example with a real browser: documents, soft navigations, forms, prefetches.
package browser_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
