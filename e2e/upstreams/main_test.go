//go:build e2e

// Package upstreams_test has upstreams come and go: by DNS, under load, with visitors that stay at one of them.
package upstreams_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
