package caddymodule

import (
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
)

// keepsPages reports whether pages of some zone are kept, as far as the configuration says. cache may be nil.
func keepsPages(list []ZoneConfig, cache *pages.SiteSettings) bool {
	if cache != nil && cache.Off {
		return false
	}
	return slices.ContainsFunc(list, func(zone ZoneConfig) bool {
		return !zone.Dev && zone.Export == "" && (zone.Build != "" || cache != nil)
	})
}

// makesPictures reports whether the pictures of any zone may be the edge's business.
func makesPictures(list []ZoneConfig) bool {
	return slices.ContainsFunc(list, ZoneConfig.mayMakePictures)
}

// mayMakePictures reports whether the pictures of the zone may be the edge's business.
func (c ZoneConfig) mayMakePictures() bool { return c.Export == "" && !c.Dev && !c.Image.IsOff() }
