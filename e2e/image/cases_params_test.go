//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// refusedParameters are queries, in the order in which their faults are found.
var refusedParameters = []string{
	"",
	"url=",
	"w=640&q=75",
	"URL=%2Fcontract%2Fsmall.jpg&w=640&q=75",
	"url[]=%2Fcontract%2Fsmall.jpg&w=640&q=75",
	"url=/contract/small.jpg&url=/contract/small.jpg&w=640&q=75",
	"url=&url=&w=640&q=75",
	"url=%2F%2Fhost.test%2Fa.jpg&w=640&q=75",
	"url=//&w=640&q=75",
	"url=/_next/image&w=640&q=75",
	"url=/_next/image%3Furl%3Dx&w=640&q=75",
	"url=/_next/image/&w=640&q=75",
	"url=/_next/%2569mage&w=640&q=75",
	"url=/deep/_next/image&w=640&q=75",
	"url=/contract/../_next/image&w=640&q=75",
	"url=/_next/image%23x&w=640&q=75",
	"url=/not/allowed.jpg&w=640&q=75",
	"url=/contract/small.jpg%3Fv%3D1&w=640&q=75",
	"url=/contract/small.jpg%3F%26&w=640&q=75",
	"url=/renamed.png&w=640&q=75",
	"url=/renamed.png%3Fv%3D3&w=640&q=75",
	"url=/rewritten/deep/small.jpg&w=640&q=75",
	"url=/contract%252Fsmall.jpg&w=640&q=75",
	"url=/absent/c/small.jpg&w=640&q=75",
	"url=/absent/a/small.png&w=640&q=75",
	"url=/contractx/small.jpg&w=640&q=75",
	"url=/Contract/small.jpg&w=640&q=75",
	"url=small.jpg&w=640&q=75",
	"url=%20/contract/small.jpg&w=640&q=75",
	"url=./contract/small.jpg&w=640&q=75",
	"url=data%3Aimage%2Fpng%3Bbase64%2Cxx&w=640&q=75",
	"url=ftp%3A%2F%2Flocalhost%2Fa.jpg&w=640&q=75",
	"url=file%3A%2F%2F%2Fetc%2Fpasswd&w=640&q=75",
	"url=blob%3Ahttp%3A%2F%2Flocalhost%2Fx&w=640&q=75",
	"url=javascript%3Aalert(1)&w=640&q=75",
	"url=http%3A%2F%2F&w=640&q=75",
	"url=http%3A%2F%2F%5B&w=640&q=75",
	"url=%5C%5Chost.test%5Ca.jpg&w=640&q=75",
	"url=/contract/small.jpg",
	"url=/contract/small.jpg&w=",
	"url=/contract/small.jpg&w=640&w=640&q=75",
	"url=/contract/small.jpg&w=a&q=75",
	"url=/contract/small.jpg&w=640px&q=75",
	"url=/contract/small.jpg&w=-640&q=75",
	"url=/contract/small.jpg&w=6.4e2&q=75",
	"url=/contract/small.jpg&w=640.0&q=75",
	"url=/contract/small.jpg&w=+640&q=75",
	"url=/contract/small.jpg&w=%20640&q=75",
	"url=/contract/small.jpg&w=0x280&q=75",
	"url=/contract/small.jpg&w=%EF%BC%96%EF%BC%94%EF%BC%90&q=75",
	"url=/contract/small.jpg&w=640",
	"url=/contract/small.jpg&w=640&q=",
	"url=/contract/small.jpg&w=640&q=75&q=75",
	"url=/contract/small.jpg&w=640&q=x",
	"url=/contract/small.jpg&w=640&q=-1",
	"url=/contract/small.jpg&w=640&q=75.5",
	"url=/contract/small.jpg&w=0",
	"url=/contract/small.jpg&w=0&q=75",
	"url=/contract/small.jpg&w=00&q=75",
	"url=/contract/small.jpg&w=0&q=0",
	"url=/contract/small.jpg&w=641&q=0",
	"url=/contract/small.jpg&w=1&q=75",
	"url=/contract/small.jpg&w=641&q=75",
	"url=/contract/small.jpg&w=0641&q=75",
	"url=/contract/small.jpg&w=16&q=75",
	"url=/contract/small.jpg&w=99999999999999999999999&q=75",
	"url=/contract/small.jpg&w=100000000000000000000&q=75",
	"url=/contract/small.jpg&w=9007199254740993&q=75",
	"url=/contract/small.jpg&w=640&q=0",
	"url=/contract/small.jpg&w=640&q=101",
	"url=/contract/small.jpg&w=640&q=00",
	"url=/contract/small.jpg&w=640&q=74",
	"url=/contract/small.jpg&w=640&q=0074",
	"url=/contract/small.jpg&W=640&q=75",
	"url=/contract/small.jpg;w=640;q=75",
}

// takenParameters are spellings that are understood.
var takenParameters = []string{
	"url=/contract/small.jpg&w=0640&q=075",
	"q=75&w=640&url=/contract/small.jpg",
	"url=/contract/small.jpg&w=640&q=75&v=1&dpl=abc",
	"&&url=/contract/small.jpg&&w=640&q=75&",
	"%75rl=/contract/small.jpg&%77=640&q=%37%35",
	"url=/contract/../contract/small.jpg&w=640&q=75",
	"url=/contract/./small.jpg&w=640&q=75",
	"url=/contract/small.jpg%3F&w=640&q=75",
	"url=/contract/small.jpg%23here&w=640&q=75",
	"url=/renamed.png%3Fv%3D2&w=64&q=75",
	"url=/rewritten/small.jpg&w=640&q=75",
	"url=/api/bare/small.jpg%3Fany%3Dthing&w=640&q=75",
}

// acceptHeaders are what browsers send, and what they do not.
var acceptHeaders = []string{
	"", "*/*", "image/*", "image/webp", "image/avif", acceptWebP, acceptAVIF, acceptChrome, acceptSafari,
	"image/webp,image/avif",
	"image/webp;q=0.9,image/avif;q=0.5",
	"image/avif;q=0.5,image/webp;q=0.9",
	"image/avif;q=0.9,image/webp;q=0.9",
	"image/avif;q=0,image/webp",
	"image/webp;q=0,image/avif;q=0",
	"image/webp;q=0,image/webp",
	"image/webp;q=0",
	"*/*,image/webp;q=0.1",
	"image/*,image/webp;q=0.1",
	"*/*;q=0.1,image/webp",
	"image/*;q=0.8,image/avif;q=0.7",
	"IMAGE/WEBP",
	"Image/Webp,*/*",
	"image/webp2,*/*",
	"image/webp2",
	"image/avif2,image/webp",
	"garbage",
	"image",
	"garbage,image/webp",
	"image/webp, garbage",
	" image/webp ",
	"image/webp ; q=0.5",
	"image/webp;q=2",
	"image/webp;q=-1",
	"image/webp;q=abc",
	"image/webp;q=0.0001",
	"image/webp;q=1;level=2",
	"image/jpeg,image/webp;q=0.5",
	"image/png;q=1,image/webp;q=0.5",
	"text/html,application/xhtml+xml,image/webp;q=0.1",
	"image/webp,,image/avif;q=0.2",
	",",
	"image/webp\t,image/avif;q=0.3",
	"*/webp",
}

// malformedAccept fails Next.js.
var malformedAccept = []string{"image/webp;foo", "image/webp;q=", "image/webp;", "image/webp;q"}

func parameterCases() []imageCase {
	var cases []imageCase
	for _, query := range refusedParameters {
		cases = append(cases, imageCase{name: "refused " + harness.NoSlash(query), target: query, status: 400})
	}
	for _, query := range takenParameters {
		cases = append(cases, imageCase{name: "taken " + harness.NoSlash(query), target: query})
	}
	// What counts is the number of UTF-16 units, not that of bytes or characters.
	for length, status := range map[int]int{3072: 200, 3073: 400} {
		for _, text := range []string{"", strings.Repeat("ä", 500), strings.Repeat("😀", 250)} {
			source := "/api/bare/small.jpg?" + text
			source += strings.Repeat("x", length-len(utf16.Encode([]rune(source))))
			cases = append(cases, imageCase{name: fmt.Sprintf("length %d with %d more bytes", length, len(source)-length), target: imageQuery(source, 640, 75), status: status})
		}
	}
	for _, source := range []string{"/%zz", "/a%", "/contract/%ff.jpg"} {
		cases = append(cases, imageCase{target: imageQuery(source, 640, 75), status: 500, differs: "malformed url"})
	}
	return append(cases, imageCase{name: "bad escape", target: "url=/contract/100%zz.jpg&w=640&q=75", status: 500, differs: "malformed url"})
}

// acceptCases asks for one picture with each header, of a variant whose formats matter.
func acceptCases(source string) []imageCase {
	var cases []imageCase
	for _, accept := range acceptHeaders {
		cases = append(cases, imageCase{
			name: "accept " + harness.NoSlash(accept), target: imageQuery(source, 64, 75),
			headers: []string{"Accept", accept},
		})
	}
	for _, accept := range malformedAccept {
		cases = append(cases, imageCase{name: "malformed accept " + harness.NoSlash(accept), target: imageQuery(source, 64,
			75), headers: []string{"Accept", accept}, status: 500, differs: "malformed accept"})
	}
	return append(cases,
		imageCase{name: "no accept", target: imageQuery(source, 64, 75), kind: "jpeg"},
		imageCase{name: "two accept headers", target: imageQuery(source, 64, 75), headers: []string{"Accept", "text/html", "Accept", "image/webp"}, kind: "webp"},
		imageCase{name: "accept with a parameter", target: imageQuery(source, 64, 75), headers: []string{"Accept", "image/webp;foo=bar"}, differs: "parameters of a format"},
		imageCase{name: "accept is read after all parameters", target: imageQuery(source, 65, 75), headers: []string{"Accept", "image/webp;foo"}, status: 400},
	)
}

// endpointCases are paths at the endpoint and near it.
func endpointCases() []imageCase {
	query := "?" + imageQuery("/contract/small.jpg", 64, 75)
	var cases []imageCase
	for path, status := range map[string]int{
		"/_next/image": 200, "/_next/image/": 308, "//_next/image": 308, "/_next//image": 308, "/./_next/image": 200, "/x/../_next/image": 200,
		"/_next/%69mage": 404, "/_NEXT/image": 404, "/_next/Image": 404, "/_next/image/foo": 404, "/_next/imagefoo": 404, "/_next/image.jpg": 404,
		"/_next/image%2F": 404, "/deep/_next/image": 404, "/custom/image": 404,
	} {
		differs := ""
		if strings.Contains(path, "/./") || strings.Contains(path, "/../") {
			differs = "path that is resolved"
		}
		cases = append(cases, imageCase{
			name: "endpoint " + harness.NoSlash(path), target: path + query, status: status,
			differs: differs,
		})
	}
	return append(cases,
		imageCase{name: "endpoint without a query", target: "/_next/image", status: 400},
		imageCase{name: "endpoint with a bare question mark", target: "/_next/image?", status: 400},
	)
}

// methodCases: everything but GET and HEAD of what is not kept reaches the source.
func methodCases() []imageCase {
	kept := imageQuery("/contract/exif-1.jpg", 64, 75)
	cases := []imageCase{
		{name: "HEAD of a miss", method: http.MethodHead, target: imageQuery("/contract/exif-2.jpg", 96, 75), kind: "jpeg"},
		{name: "GET after HEAD", target: imageQuery("/contract/exif-2.jpg", 96, 75), kind: "jpeg"},
		{name: "HEAD of a hit", method: http.MethodHead, target: imageQuery("/contract/exif-2.jpg", 96, 75), kind: "jpeg"},
		{name: "HEAD of a refusal", method: http.MethodHead, target: imageQuery("/contract/exif-2.jpg", 97, 75), status: 400},
		{name: "HEAD of what is not there", method: http.MethodHead, target: imageQuery("/contract/none.jpg", 96, 75), status: 404},
		{name: "HEAD of WebP", method: http.MethodHead, target: kept, headers: []string{"Accept", acceptWebP}, kind: "webp"},
		{name: "HEAD with its ETag", method: http.MethodHead, target: kept, headers: []string{"If-None-Match", "{etag}"}, status: 304},
		{name: "before other methods", target: kept},
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		cases = append(cases,
			imageCase{name: method + " of a hit", method: method, target: kept, differs: "other methods"},
			imageCase{name: method + " of a refusal", method: method, target: "w=640", status: 400, differs: "other methods"})
	}
	return append(cases,
		imageCase{name: "POST of a public file", method: http.MethodPost, target: imageQuery("/contract/exif-3.jpg", 64, 75), status: 500, differs: "other methods"},
		imageCase{name: "POST of a handler", method: http.MethodPost, target: imageQuery("/api/methods?post", 64, 75), differs: "other methods"},
		imageCase{name: "PUT of a handler", method: http.MethodPut, target: imageQuery("/api/methods?put", 64, 75), status: 405, differs: "other methods"},
		imageCase{name: "POST of a remote picture", method: http.MethodPost, target: remoteQuery("localhost", "/plain/small.jpg?post"), differs: "other methods"},
	)
}

// conditionCases: what a client has already.
func conditionCases(source, accept string) []imageCase {
	target := imageQuery(source, 64, 75)
	condition := func(name string, status int, headers ...string) imageCase {
		return imageCase{name: "condition " + name + " " + accept[:min(len(accept), 10)], target: target, headers: append([]string{"Accept", accept}, headers...), status: status}
	}
	return []imageCase{
		condition("exact", 304, "If-None-Match", "{etag}"),
		condition("weak", 304, "If-None-Match", "W/{etag}"),
		condition("star", 304, "If-None-Match", "*"),
		condition("in a list", 304, "If-None-Match", `"a", {etag} , "b"`),
		condition("quoted", 200, "If-None-Match", `"{etag}"`),
		condition("weak and quoted", 200, "If-None-Match", `W/"{etag}"`),
		condition("another", 200, "If-None-Match", "another"),
		condition("empty", 200, "If-None-Match", ""),
		condition("no-cache", 200, "If-None-Match", "{etag}", "Cache-Control", "no-cache"),
		condition("max-age=0", 304, "If-None-Match", "{etag}", "Cache-Control", "max-age=0"),
		condition("since too", 200, "If-None-Match", "{etag}", "If-Modified-Since", "Fri, 01 Jan 2027 00:00:00 GMT"),
		condition("since", 200, "If-Modified-Since", "Fri, 01 Jan 2027 00:00:00 GMT"),
		condition("range", 200, "Range", "bytes=0-9"),
		condition("match", 200, "If-Match", "other"),
		condition("client", 200, "Cookie", "a=b", "Authorization", "Bearer x", "Cache-Control", "no-store", "Pragma", "no-cache"),
	}
}

// remoteQuery is the query for a picture of the remote host.
func remoteQuery(host, path string) string {
	return "url=" + url.QueryEscape("http://"+host+":") + "{port}" + url.QueryEscape(path) + "&w=64&q=75"
}
