package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// SharedCaches says what caches that stand in front of a site are told.
type SharedCaches struct {
	// Whether a CDN stands in front that is purged at each deploy. It may keep public files and exports for a year then; browsers ask
	// each time. Default: caches ask each time too, as Next.js has it.
	CDN bool `json:"cdn,omitempty"`
}

// parse reads a word of the directive.
func (c *SharedCaches) parse(d *caddyfile.Dispenser) error {
	c.CDN = true
	return noArgs(d)
}
