//go:build e2e

// Package docs_test runs what the documentation prints.
package docs_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
