package caddymodule

import (
	"encoding/json"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"
	caddygzip "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/gzip"
	caddyzstd "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/zstd"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
)

// encodings are those the edge makes, the one it prefers first.
var encodings = []string{"zstd", "gzip"}

// compressionRoutes returns the routes that compress answers for clients that accept it. For the others Caddy's encode handler
// would only hold back the head of an answer until its body begins, so they get what else it does, the Vary header, by another way.
func compressionRoutes() caddyhttp.Subroute {
	accepts := make([]string, len(encodings))
	for i, encoding := range encodings {
		accepts[i] = "*" + encoding + "*"
	}
	compress := encode.Encode{
		EncodingsRaw: caddy.ModuleMap{
			"zstd": caddyconfig.JSON(caddyzstd.Zstd{}, nil),
			"gzip": caddyconfig.JSON(caddygzip.Gzip{}, nil),
		},
		Prefer: encodings,
		// Caddy decides at the first write, and leaves a whole stream uncompressed if that is shorter than the minimum.
		MinLength: 1,
	}
	vary := headers.Handler{Response: &headers.RespHeaderOps{
		HeaderOps: &headers.HeaderOps{Add: http.Header{"Vary": {"Accept-Encoding"}}},
		Require: &caddyhttp.ResponseMatcher{Headers: http.Header{"Content-Type": {
			"text/*", "application/json*", "application/javascript*", "application/manifest+json*", "application/xml*",
			"application/rss+xml*", "application/wasm*", "image/svg+xml*",
		}}},
	}}
	const group = "compression" // only the first route of a group that matches is taken
	return caddyhttp.Subroute{Routes: caddyhttp.RouteList{
		{
			Group: group,
			MatcherSetsRaw: caddyhttp.RawMatcherSets{{
				"header": caddyconfig.JSON(caddyhttp.MatchHeader{"Accept-Encoding": accepts}, nil),
			}},
			HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(compress, "handler", "encode", nil)},
		},
		{
			Group:       group,
			HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(vary, "handler", "headers", nil)},
		},
	}}
}
