// Package nextjs is what a Caddy build imports to become an edge for self-hosted Next.js:
//
//	xcaddy build --with github.com/caddy-nextjs/caddy-nextjs
//
// It registers the Caddy modules and holds nothing else. The rooms behind it are plain net/http packages that can be
// used without Caddy; docs/architecture.md is their map.
package nextjs

import (
	// The Caddy modules register themselves.
	_ "github.com/caddy-nextjs/caddy-nextjs/caddymodule"
)
