//go:build e2e

// Package files_test is about files: those of builds, of exports, and those that pass through and are kept.
package files_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
