//go:build e2e

package image_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// fillable undoes the escapes of what is filled in later.
func fillable(query string) string { return strings.ReplaceAll(query, "%7Bport%7D", "{port}") }

func casesOfBoth(s *imageSite) []imageCase {
	return slices.Concat(parameterCases(), acceptCases("/contract/small.jpg"), endpointCases(), sourceCases(), sizeCases(), localCases(s), methodCases(),
		conditionCases("/contract/exif-4.jpg", "image/jpeg"), conditionCases("/contract/exif-4.jpg", acceptWebP), conditionCases("/contract/animated.gif", acceptChrome),
		conditionCases("/contract/truncated.png", acceptChrome), remoteCases())
}

// privateHosts are spellings of addresses that no public host has.
var privateHosts = []string{
	"127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::1]", "[::]", "0.0.0.0", "0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
	"100.64.0.1", "100.127.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "[fc00::1]", "[fd12::1]", "[fe80::1]",
	"[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[2001:db8::1]", "[100::1]", "[2001:20::1]",
}

func casesOfPlain(s *imageSite) []imageCase {
	var cases []imageCase
	for _, host := range privateHosts {
		cases = append(cases, imageCase{name: "private " + host, target: fillable(imageQuery("http://"+host+":{port}/plain/small.jpg", 64, 75)), status: 400})
	}
	cases = append(cases, acceptCases("/contract/small.jpg")...)
	return append(cases,
		imageCase{name: "local with a query", target: imageQuery("/contract/small.jpg?v=1", 64, 75), status: 400},
		imageCase{name: "local anywhere", target: imageQuery("/api/bare/small.jpg", 64, 75), kind: "jpeg"},
		imageCase{name: "local with an escaped slash", target: imageQuery("/contract%2Fsmall.jpg", 64, 75), kind: "jpeg"},
		imageCase{name: "local hidden folder", target: imageQuery("/.well-known/none.jpg", 64, 75), status: 404},
		imageCase{name: "other quality", target: imageQuery("/contract/small.jpg", 64, 80), status: 400},
		imageCase{name: "own quality", target: imageQuery("/contract/small.jpg", 3840, 75)},
		imageCase{name: "long", target: imageQuery("/api/cached/max-age=20000/small.jpg", 64, 75)},
		imageCase{name: "short", target: imageQuery("/api/cached/max-age=100/small.jpg", 64, 75)},
		imageCase{name: "AVIF is made JPEG", target: imageQuery("/contract/photo.avif", 64, 75), headers: []string{"Accept", "image/avif"}, kind: "jpeg"},
		imageCase{name: "static import", target: imageQuery(s.still, 64, 75), headers: []string{"Accept", acceptChrome}, kind: "webp"},
	)
}

func casesOfLoose(*imageSite) []imageCase {
	var cases []imageCase
	for name := range svgSources() {
		status := 200
		if slices.Contains([]string{"upper.svg", "blank-upper.sv", "late.svg", "prefixed.svg", "bare.svg"}, name) {
			status = 400 // not what the second look knows
		}
		for _, headers := range [][]string{nil, {"Accept-Encoding", "gzip", "Accept", acceptChrome}} {
			c := imageCase{name: fmt.Sprintf("SVG %s %d", name, len(headers)), target: imageQuery("/contract/"+name, 64, 75), headers: headers, status: status}
			if status == 200 {
				c.kind = "svg+xml"
			}
			cases = append(cases, c)
		}
	}
	for _, width := range []int{1, 8, 48, 320, 640, 1280, 4000} {
		cases = append(cases, imageCase{name: fmt.Sprintf("width %d", width), target: imageQuery("/contract/grey.jpg", width, 40), kind: "jpeg"})
	}
	cases = append(cases, conditionCases("/contract/large.svg", "image/jpeg")...)
	for _, status := range []int{301, 302, 308} {
		cases = append(cases, imageCase{name: fmt.Sprintf("redirects by %d", status), target: remoteQuery("localhost", fmt.Sprintf("/redirect/1/%d/small.jpg", status)), status: 508})
	}
	return append(cases,
		imageCase{name: "width of the defaults", target: imageQuery("/contract/small.jpg", 750, 75), status: 400},
		imageCase{name: "baseline", target: imageQuery("/contract/photo.webp", 640, 75), kind: "jpeg", size: "640x426"},
		imageCase{name: "host by domain", target: remoteQuery("localhost", "/plain/small.jpg"), kind: "jpeg"},
		imageCase{name: "another domain", target: remoteQuery("127.0.0.1", "/plain/small.jpg"), status: 400},
		imageCase{name: "part of a domain", target: remoteQuery("a.localhost", "/plain/small.jpg"), status: 400},
		imageCase{name: "too large", target: remoteQuery("localhost", "/plain/photo.jpg"), status: 413},
		imageCase{name: "too large when unpacked", target: remoteQuery("localhost", "/coded/gzip/big.bmp"), status: 413},
		imageCase{name: "not too large", target: remoteQuery("localhost", "/plain/grey.jpg"), kind: "jpeg"},
		imageCase{name: "remote SVG", target: remoteQuery("localhost", "/tag/"+url.PathEscape(`W/"v1"`)+"/drawing.svg"), kind: "svg+xml"},
		imageCase{name: "local with a query", target: imageQuery("/contract/small.jpg?v=1", 64, 75), kind: "jpeg"},
		imageCase{name: "inline name", target: imageQuery("/contract/space%20name.jpg", 64, 75), headers: []string{"Accept", acceptWebP}, kind: "webp"},
	)
}

func casesOfBare(*imageSite) []imageCase {
	target := imageQuery("/contract/small.jpg", 64, 75)
	return []imageCase{
		{name: "no accept", target: target, kind: "jpeg"},
		{name: "anything", target: target, headers: []string{"Accept", "*/*"}, status: 500, differs: "no formats"},
		{name: "Chrome", target: target, headers: []string{"Accept", "image/apng,image/*,*/*;q=0.8"}, kind: "apng", differs: "no formats"},
		{name: "WebP", target: target, headers: []string{"Accept", "image/webp"}, kind: "webp", differs: "no formats"},
		{name: "text", target: target, headers: []string{"Accept", "text/html"}, differs: "no formats"},
	}
}

func casesOfOff(*imageSite) []imageCase {
	return []imageCase{
		{name: "picture", target: imageQuery("/contract/small.jpg", 640, 75), status: 404},
		{name: "nothing asked", target: "", status: 404},
		{name: "HEAD", method: "HEAD", target: imageQuery("/contract/small.jpg", 640, 75), status: 404},
	}
}

func casesOfNext15(*imageSite) []imageCase {
	local := func(name string, width, quality int) string {
		return imageQuery("/market/contract/"+name, width, quality)
	}
	var cases []imageCase
	for _, quality := range []int{1, 33, 75, 100} {
		cases = append(cases, imageCase{name: fmt.Sprintf("quality %d", quality), target: local("exif-1.jpg", 384, quality), kind: "jpeg"})
	}
	for _, quality := range []string{"0", "101", "x", ""} {
		cases = append(cases, imageCase{name: "quality " + quality, target: "url=/market/contract/small.jpg&w=64&q=" + quality, status: 400})
	}
	for _, width := range []int{16, 32, 256, 640, 3840} {
		cases = append(cases,
			imageCase{name: fmt.Sprintf("width %d", width), target: local("photo.jpg", width, 75), kind: "jpeg"},
			imageCase{name: fmt.Sprintf("width %d as WebP", width), target: local("photo.jpg", width, 75), headers: []string{"Accept", acceptChrome}, kind: "webp"})
	}
	for _, name := range []string{"exif-6.jpg", "cmyk.jpg", "p3.jpg", "alpha.png", "deep.png", "palette.png", "still.gif", "animated.gif", "apng.png", "photo.webp", "alpha.webp", "photo.tiff", "icon.ico", "truncated.jpg", "bomb.png"} {
		cases = append(cases, imageCase{name: "source " + name, target: local(name, 256, 75)})
	}
	for _, name := range []string{"words.txt", "page.html", "drawing.svg", "paper.pdf", "none.jpg"} {
		cases = append(cases, imageCase{name: "no picture " + name, target: local(name, 256, 75), status: 400})
	}
	for _, query := range []string{"", "url=//x.test/a.jpg&w=64&q=75", "url=/market/_next/image&w=64&q=75", "url=a.jpg&w=64&q=75", "url=http%3A%2F%2Fx.test%2Fa&w=64&q=75", "url=/market/contract/small.jpg&w=17&q=75"} {
		cases = append(cases, imageCase{name: "refused " + harness.NoSlash(query), target: query, status: 400})
	}
	query := "?" + local("small.jpg", 64, 75)
	return append(cases,
		imageCase{name: "local with a query", target: local("small.jpg?v=1", 64, 75), kind: "jpeg"},
		imageCase{name: "outside the base path", target: imageQuery("/contract/small.jpg", 64, 75), status: 400},
		imageCase{name: "remote on this machine", target: remoteQuery("localhost", "/plain/small.jpg"), kind: "jpeg"},
		imageCase{name: "remote says", target: remoteQuery("localhost", "/cache/max-age=100/small.jpg"), kind: "jpeg"},
		imageCase{name: "remote says less", target: remoteQuery("localhost", "/cache/max-age=10/small.jpg"), kind: "jpeg"},
		imageCase{name: "remote is not there", target: remoteQuery("localhost", "/plain/none.jpg"), status: 404},
		imageCase{name: "remote redirects four times", target: remoteQuery("localhost", "/redirect/4/302/small.jpg"), kind: "jpeg"},
		imageCase{name: "remote redirects twenty times", target: remoteQuery("localhost", "/redirect/20/302/small.jpg"), kind: "jpeg"},
		imageCase{name: "remote redirects too often", target: remoteQuery("localhost", "/redirect/21/302/small.jpg"), status: 500},
		imageCase{name: "remote answers 503", target: remoteQuery("localhost", "/status/503/small.jpg"), status: 503},
		imageCase{name: "remote answers nothing", target: remoteQuery("localhost", "/empty/x/small.jpg"), status: 400},
		imageCase{name: "remote is reset", target: remoteQuery("localhost", "/reset/x/small.jpg"), status: 500},
		imageCase{name: "remote is coded", target: remoteQuery("localhost", "/coded/gzip+br/small.jpg"), kind: "jpeg"},
		imageCase{name: "without a slash", target: "/market/_next/image" + query, status: 308},
		imageCase{name: "without the base path", target: "/_next/image/" + query, status: 404},
		imageCase{name: "HEAD", method: "HEAD", target: local("exif-1.jpg", 384, 75), kind: "jpeg"},
		imageCase{name: "HEAD of a miss", method: "HEAD", target: remoteQuery("localhost", "/plain/alpha.png"), kind: "png"},
		imageCase{name: "condition", target: local("small.jpg", 64, 75), headers: []string{"If-None-Match", "{etag}"}, status: 304},
	)
}
