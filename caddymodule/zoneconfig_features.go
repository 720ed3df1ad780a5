package caddymodule

import "slices"

// keepsPages reports whether pages of some zone are kept, as far as the configuration says.
func (h *Handler) keepsPages() bool {
	switch {
	case h.AssetHost, h.Cache != nil && h.Cache.Off:
		return false
	}
	return slices.ContainsFunc(h.Zones, func(zone ZoneConfig) bool {
		return !zone.Dev && zone.Export == "" && (zone.Build != "" || h.Cache != nil)
	})
}

// makesPictures reports whether the pictures of any zone may be the edge's business.
func (h *Handler) makesPictures() bool {
	return !h.AssetHost && slices.ContainsFunc(h.Zones, ZoneConfig.mayMakePictures)
}

// mayMakePictures reports whether the pictures of the zone may be the edge's business.
func (c ZoneConfig) mayMakePictures() bool { return c.Export == "" && !c.Dev && !c.Image.off() }
