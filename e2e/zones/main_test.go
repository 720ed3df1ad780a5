//go:build e2e

// Package zones_test asks which application answers: zones of every form beside each other, navigations between them,
// and what each application is told of its visitor.
package zones_test

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
