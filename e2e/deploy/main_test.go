//go:build e2e

// Package deploy_test has upstreams and edges come, go and fail under load.
package deploy_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.MainOfWaiting(m, 4) }
