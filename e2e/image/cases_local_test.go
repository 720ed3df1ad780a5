//go:build e2e

package image_test

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// cacheDirectives are what sources say of how long they last.
var cacheDirectives = []string{
	"max-age=5000", "max-age=5", "s-maxage=7000", "s-maxage=7000, max-age=5000", "max-age=5000, s-maxage=7000", "s-maxage=0, max-age=5000", "MAX-AGE=5000", `max-age="5000"`,
	"max-age=7e4", "max-age=70000.9", "max-age=70000abc", "max-age=-5", "max-age = 9000", "max-age=5000, max-age=8000", "public, max-age=31536000, immutable", "no-store",
	"private, max-age=9000", "no-cache", "must-revalidate", "max-age", "max-age=", "s-maxage=, max-age=5000", "max-age=5000;s-maxage=9000",
}

// sourceNames are files whose names a Content-Disposition must carry.
var sourceNames = []string{
	"space name.jpg", "café.jpg", "日本.jpg", "dotted.name.v1.jpg", "noextension", "a+b.jpg", "a&b.jpg", `quote".jpg`, "UPPER.JPG", "semi;colon.jpg", "(round).jpg", "apostrophe's.jpg",
}

func localCases(s *imageSite) []imageCase {
	var cases []imageCase
	for _, directive := range cacheDirectives {
		source := "/api/cached/" + url.PathEscape(strings.ReplaceAll(directive, "/", "")) + "/small.jpg"
		cases = append(cases, imageCase{name: "local says " + directive, target: imageQuery(source, 64, 75), kind: "jpeg"})
	}
	for _, name := range sourceNames {
		cases = append(cases, imageCase{name: "name " + name, target: imageQuery("/contract/"+url.PathEscape(name), 64, 75), kind: "jpeg"})
		if escaped := url.PathEscape(name); escaped != name {
			// The same path as a person would write it.
			cases = append(cases, imageCase{name: "unescaped name " + name, target: imageQuery("/contract/"+name, 64, 75), kind: "jpeg"})
		}
	}
	for _, status := range []int{201, 202, 203, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 410, 429, 500, 502, 503, 599} {
		want := status
		switch {
		case status < 300:
			want = 200
		case status < 400:
			want = 500
		}
		cases = append(cases, imageCase{name: fmt.Sprintf("local answers %d", status), target: imageQuery(fmt.Sprintf("/api/answer/%d/alpha.png", status), 64, 75), status: want})
	}
	for _, tag := range []string{`"abc"`, `W/"abc"`, "bare", `""`} {
		cases = append(cases,
			imageCase{name: "local has ETag " + harness.NoSlash(tag), target: imageQuery("/api/tagged/"+url.PathEscape(tag)+"/small.jpg", 64, 75)},
			imageCase{
				name:   "local has ETag " + harness.NoSlash(tag) + " unchanged",
				target: imageQuery("/api/tagged/"+url.PathEscape(tag)+"/icon.ico", 64, 75), kind: "x-icon",
			})
	}
	return append(cases,
		imageCase{name: "local answers nothing", target: imageQuery("/api/answer/204/alpha.png", 64, 75), status: 400},
		imageCase{name: "local is not there", target: imageQuery("/contract/none.jpg", 64, 75), status: 404},
		imageCase{name: "local by a pattern is not there", target: imageQuery("/absent/a/none.jpg", 64, 75), status: 404},
		imageCase{name: "local is a page", target: imageQuery("/open", 64, 75), status: 400},
		imageCase{name: "local is redirected", target: imageQuery("/moved/small.jpg", 64, 75), status: 500},
		imageCase{name: "local has two slashes", target: imageQuery("/contract//small.jpg", 64, 75), status: 500},
		imageCase{name: "local has a slash at its end", target: imageQuery("/contract/small.jpg/", 64, 75), status: 500},
		imageCase{name: "local is a folder", target: imageQuery("/contract/", 64, 75), status: 500},
		imageCase{name: "local is hidden", target: imageQuery("/contract/.hidden.jpg", 64, 75), status: 500},
		imageCase{name: "local throws", target: imageQuery("/api/throws", 64, 75), status: 500},
		imageCase{name: "local sees no client", target: imageQuery("/api/bare/alpha.png", 64, 75), headers: []string{
			"Accept", acceptWebP, "Cookie", "a=b", "Authorization", "Basic eDp5", "Range", "bytes=0-1", "Accept-Encoding", "gzip", "Accept-Language", "de", "User-Agent", "test",
			"Referer", "http://x.test/", "X-Custom", "1", "Origin", "http://x.test", "RSC", "1",
		}, kind: "webp"},
		imageCase{name: "local again", target: imageQuery("/api/bare/alpha.png", 64, 75), headers: []string{"Accept", acceptWebP}, kind: "webp"},
		imageCase{name: "static import", target: imageQuery(s.still, 64, 75), kind: "png"},
		imageCase{name: "static import as WebP", target: imageQuery(s.still, 256, 75), headers: []string{"Accept", acceptWebP}, kind: "webp", size: "200x133"},
		imageCase{name: "static import with a query", target: imageQuery(s.still+"?dpl=x", 64, 75), status: 400},
		imageCase{name: "static import that is not there", target: imageQuery("/_next/static/media/none.0000.png", 64, 75), status: 404},
		imageCase{name: "near the endpoint", target: imageQuery("/_next/imagefoo", 64, 75), status: 404},
		imageCase{name: "ico compressed", target: imageQuery("/contract/icon.ico", 96, 75), headers: []string{"Accept-Encoding", "gzip"}, kind: "x-icon"},
		imageCase{name: "bmp compressed", target: imageQuery("/contract/big.bmp", 96, 75), headers: []string{"Accept-Encoding", "gzip"}, kind: "bmp"},
		imageCase{name: "icns is not compressed", target: imageQuery("/contract/icon.icns", 96, 75), headers: []string{"Accept-Encoding", "gzip"}, kind: "x-icns"},
		imageCase{name: "jpeg is not compressed", target: imageQuery("/contract/exif-1.jpg", 96, 75), headers: []string{"Accept-Encoding", "gzip, br"}, kind: "jpeg"},
	)
}
