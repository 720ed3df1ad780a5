//go:build e2e

// Package image_test is about pictures: the optimizer of the edge beside that of Next.js, what is kept and purged, and
// what may be asked for.
package image_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.MainOfWaiting(m, 4) }
