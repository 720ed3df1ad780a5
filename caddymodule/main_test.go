package caddymodule

import (
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestMain(m *testing.M) { edgetest.Main(m) }
