//go:build e2e

// Package stream_test is about bodies that take their time: streamed pages, events, uploads, upgraded connections, and
// connections that wait.
package stream_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
