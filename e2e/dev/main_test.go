//go:build e2e

// Package dev_test has `next dev` behind the edge: its pages, its sockets, changes while it runs.
package dev_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
