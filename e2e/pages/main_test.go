//go:build e2e

// Package pages_test is about pages that the edge keeps: which, for whom, how long, in how many forms, and what happens
// when applications, disks and edges fail.
package pages_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.MainOfWaiting(m, 3) }
