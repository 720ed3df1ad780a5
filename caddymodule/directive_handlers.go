package caddymodule

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/encode"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

// handlers returns the handlers that the directive stands for.
func (s *directive) handlers() []json.RawMessage {
	proxy := proxy.Handler(s.proxy, time.Duration(s.upgradeTimeout))
	handlers := []json.RawMessage{
		caddyconfig.JSONModuleObject(&Handler{
			Zones: s.zones, Watch: s.watch, Speculation: s.speculation, AssetHost: s.assetHost, StaticOff: s.staticOff, Cache: s.cache,
			MaxHeaderSize: s.maxHeaderSize, ShowQuery: s.showQuery, Repair: s.repair, SharedCaches: s.shared,
		}, "handler", "nextjs", nil),
		caddyconfig.JSONModuleObject(encode.Encode{}, "handler", "nextjs_encode", nil),
	}
	if !s.staticOff || slices.ContainsFunc(s.zones, func(zone ZoneConfig) bool { return zone.Export != "" }) {
		handlers = append(handlers, caddyconfig.JSONModuleObject(files.Static{}, "handler", "nextjs_static", nil))
	}
	if !s.assetHost && makesPictures(s.zones) {
		handlers = append(handlers, caddyconfig.JSONModuleObject(images.Image{}, "handler", "nextjs_image", nil))
	}
	if !s.assetHost && keepsPages(s.zones, s.cache) {
		handlers = append(handlers, caddyconfig.JSONModuleObject(pages.Cache{}, "handler", "nextjs_cache", nil))
	}
	return append(handlers, caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil))
}
