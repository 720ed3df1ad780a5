//go:build e2e

package image_test

// pattern is an entry of localPatterns or remotePatterns: name, value, name, value….
func pattern(parts ...string) map[string]string {
	p := make(map[string]string)
	for i := 0; i < len(parts); i += 2 {
		p[parts[i]] = parts[i+1]
	}
	return p
}

// localWithMedia is a list of the user, with what Next.js appends to it.
func localWithMedia(patterns ...map[string]string) []map[string]string {
	return append(patterns,
		pattern("pathname", "/_next/static/media/**", "search", ""),
		pattern("pathname", "/_next/static/immutable/media/**", "search", ""))
}

// imageBoth allows much, in two formats.
var imageBoth = imageVariant{name: "both", fixture: "images", images: func(r *imageRemote) map[string]any {
	return map[string]any{
		"formats":                 []string{"image/avif", "image/webp"},
		"qualities":               []int{1, 30, 50, 75, 90, 100},
		"minimumCacheTTL":         600,
		"dangerouslyAllowLocalIP": true,
		"localPatterns": localWithMedia(
			pattern("pathname", "/contract/**", "search", ""),
			pattern("pathname", "/api/**"),
			pattern("pathname", "/rewritten/*"),
			pattern("pathname", "/moved/**"),
			pattern("pathname", "/absent/{a,b}/*.jpg"),
			pattern("pathname", "/renamed.png", "search", "?v=2"),
			pattern("pathname", "/open"),
			pattern("pathname", "/_next/imagefoo")),
		"remotePatterns": []map[string]string{
			pattern("protocol", "http", "hostname", "localhost", "port", r.port),
			pattern("protocol", "http:", "hostname", "127.0.0.1", "port", r.port, "pathname", "/one/*"),
			pattern("hostname", "127.0.0.1", "port", r.port, "pathname", "/deep/**"),
			pattern("hostname", "127.0.0.1", "port", r.port, "pathname", "/braces/{a,b}/*.jpg"),
			pattern("hostname", "127.0.0.1", "port", r.port, "pathname", "/search/**", "search", "?v=1"),
			pattern("hostname", "127.0.0.1", "port", r.port, "pathname", "/nosearch/**", "search", ""),
			pattern("hostname", "127.0.*.3", "pathname", "/glob/**"),
			pattern("hostname", "**.wild.test"),
			pattern("hostname", "plain.test", "port", ""),
			pattern("protocol", "https", "hostname", "secure.test"),
		},
	}
}}

// imagePlain is what Next.js decides if nobody says anything, and hosts that must not matter.
var imagePlain = imageVariant{name: "plain", fixture: "images", images: func(*imageRemote) map[string]any {
	return map[string]any{"formats": []string{"image/webp"}, "remotePatterns": []map[string]string{pattern("hostname", "**")}}
}}

// imageLoose has the settings that few have.
var imageLoose = imageVariant{name: "loose", fixture: "images", images: func(*imageRemote) map[string]any {
	return map[string]any{
		"formats":                 []string{"image/webp"},
		"deviceSizes":             []int{320, 640, 1280, 4000},
		"imageSizes":              []int{1, 8, 48, 64},
		"qualities":               []int{40, 75},
		"minimumCacheTTL":         0,
		"maximumRedirects":        0,
		"maximumResponseBody":     60_000,
		"dangerouslyAllowLocalIP": true,
		"dangerouslyAllowSVG":     true,
		"contentDispositionType":  "inline",
		"contentSecurityPolicy":   "default-src 'none'",
		"domains":                 []string{"localhost"},
		"localPatterns":           []map[string]string{pattern("pathname", "**")},
	}
}, experimental: map[string]any{"imgOptMozjpeg": false}}

// imageBare makes no other format of any picture, and keeps none.
var imageBare = imageVariant{name: "bare", fixture: "images", images: func(*imageRemote) map[string]any {
	return map[string]any{"formats": []string{}, "maximumDiskCacheSize": 0}
}}

// imageOff has no optimizer.
var imageOff = imageVariant{name: "off", fixture: "images", images: func(*imageRemote) map[string]any {
	return map[string]any{"unoptimized": true}
}}

// imageNext15 is Next.js 15 with what it decides itself. It asks private addresses too, which an edge does not unless
// it is told.
var imageNext15 = imageVariant{name: "next15", fixture: "next15", basePath: "/market", says: "image {\n\t\t\t\tprivate_addresses\n\t\t\t}", images: func(r *imageRemote) map[string]any {
	return map[string]any{"remotePatterns": []map[string]string{pattern("protocol", "http", "hostname", "localhost", "port", r.port)}}
}}
