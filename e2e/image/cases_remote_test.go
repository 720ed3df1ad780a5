//go:build e2e

package image_test

import (
	"fmt"
	"net/url"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func remoteCases() []imageCase {
	var cases []imageCase
	remote := func(name, path string, status int, kind string) {
		cases = append(cases, imageCase{name: "remote " + name, target: remoteQuery("localhost", path), status: status, kind: kind})
	}
	remote("plain", "/plain/photo.jpg", 200, "jpeg")
	remote("with a query", "/plain/small.jpg?a=1&b=%20", 200, "jpeg")
	remote("with a fragment", "/plain/small.jpg#x", 200, "jpeg")
	remote("with dots", "/x/../plain/./small.jpg", 200, "jpeg")
	remote("escaped name", "/plain/space%20name.jpg", 200, "jpeg")
	remote("unescaped name", "/plain/café.jpg", 200, "jpeg")
	remote("dotted name", "/plain/dotted.name.v1.jpg", 200, "jpeg")
	remote("unchanged", "/plain/animated.gif", 200, "gif")
	remote("undecodable for long", "/cache/max-age=9000/truncated.jpg", 200, "jpeg")
	remote("not there", "/plain/none.jpg", 404, "")
	remote("SVG", "/plain/drawing.svg", 400, "")
	remote("HTML", "/plain/page.html", 400, "")
	remote("nothing", "/empty/x/small.jpg", 400, "")
	remote("expects these headers", "/headers/x/small.jpg", 200, "jpeg")
	for _, kind := range []string{"text/html", "image/svg+xml", "application/octet-stream", "nonsense"} {
		remote("called "+harness.NoSlash(kind), "/type/"+url.PathEscape(kind)+"/small.jpg", 200, "jpeg")
	}
	for _, directive := range cacheDirectives {
		remote("says "+directive, "/cache/"+url.PathEscape(directive)+"/small.jpg", 200, "jpeg")
	}
	for _, tag := range []string{`"abc"`, `W/"abc"`, "bare"} {
		remote("ETag "+harness.NoSlash(tag), "/tag/"+url.PathEscape(tag)+"/small.jpg", 200, "jpeg")
		remote("ETag "+harness.NoSlash(tag)+" unchanged", "/tag/"+url.PathEscape(tag)+"/icon.ico", 200, "x-icon")
		remote("ETag "+harness.NoSlash(tag)+" undecodable", "/tag/"+url.PathEscape(tag)+"/truncated.png", 200, "png")
	}
	for _, status := range []int{201, 206, 299, 300, 304, 305, 306, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599} {
		want := status
		switch {
		case status < 300:
			want = 200
		case status < 400:
			want = 500
		}
		remote(fmt.Sprintf("answers %d", status), fmt.Sprintf("/status/%d/small.jpg", status), want, "")
	}
	remote("answers 204", "/status/204/small.jpg", 400, "")
	for _, status := range []int{301, 302, 303, 307, 308} {
		remote(fmt.Sprintf("redirects by %d", status), fmt.Sprintf("/redirect/1/%d/small.jpg", status), 200, "jpeg")
	}
	remote("redirects by 305", "/redirect/1/305/small.jpg", 500, "")
	remote("redirects twice", "/redirect/2/302/small.jpg", 200, "jpeg")
	remote("redirects three times", "/redirect/3/302/small.jpg", 200, "jpeg")
	remote("redirects four times", "/redirect/4/302/small.jpg", 508, "")
	remote("redirects by a relative path", "/redirect/relative/302/small.jpg", 200, "jpeg")
	remote("redirects nowhere", "/redirect/nowhere/302/small.jpg", 500, "")
	remote("redirects to what cannot be read", "/redirect/unreadable/302/small.jpg", 500, "")
	remote("redirects to FTP", "/redirect/ftp/302/small.jpg", 500, "")
	remote("redirects outside", "/redirect/outside/302/small.jpg", 200, "jpeg")
	cases[len(cases)-1].differs = "redirect outside the patterns"
	for _, codings := range []string{"gzip", "x-gzip", "GZIP", "deflate", "raw", "br", "gzip+br", "gzip+gzip+deflate+br+gzip", "identity", "unknown"} {
		remote("coded "+codings, "/coded/"+codings+"/small.jpg", 200, "jpeg")
	}
	remote("coded six times", "/coded/gzip+gzip+gzip+gzip+gzip+gzip/small.jpg", 400, "")
	remote("coded before unknown", "/coded/gzip+unknown/small.jpg", 400, "")
	remote("coded after unknown", "/coded/unknown+gzip/small.jpg", 400, "")
	for _, fault := range []string{"/coded/lie/small.jpg", "/short/x/small.jpg", "/reset/x/small.jpg"} {
		remote("fault "+harness.NoSlash(fault), fault, 500, "")
	}
	return append(append(cases, hostCases()...),
		imageCase{name: "remote never answers", target: remoteQuery("localhost", "/silent/x/small.jpg"), status: 504, slow: true},
		imageCase{name: "remote stops in the middle", target: remoteQuery("localhost", "/slow/x/small.jpg"), status: 504, slow: true},
	)
}

// hostCases: what the patterns allow.
func hostCases() []imageCase {
	var cases []imageCase
	for _, c := range []struct {
		source string
		status int
	}{
		{"http://localhost:{port}/plain/small.jpg", 200},
		{"http://LOCALHOST:{port}/plain/small.jpg", 200},
		{"HTTP://localhost:{port}/plain/small.jpg", 200},
		{`http:\\localhost:{port}\plain\small.jpg`, 200},
		{"http:localhost:{port}/plain/small.jpg", 200},
		{"http:///localhost:{port}/plain/small.jpg", 200},
		{"http://ann:s%3Acret@localhost:{port}/login/x/small.jpg", 200},
		{"http://ann:wrong@localhost:{port}/login/x/small.jpg", 401},
		{" http://localhost:{port}/plain/small.jpg ", 200},
		{"http://localhost\t:{port}/plain/sm\nall.jpg", 200},
		{"http://localhost.:{port}/plain/small.jpg", 400},
		{"http://localhost/plain/small.jpg", 400},
		{"http://localhost:1/plain/small.jpg", 400},
		{"http://localhost:{port}1/plain/small.jpg", 400},
		{"https://localhost:{port}/plain/small.jpg", 400},
		{"http://xlocalhost:{port}/plain/small.jpg", 400},
		{"http://localhost.evil.test:{port}/plain/small.jpg", 400},
		{"http://localhost@evil.test:{port}/plain/small.jpg", 400},
		{"http://evil.test/http://localhost:{port}/plain/small.jpg", 400},
		{"http://127.0.0.1:{port}/one/small.jpg", 200},
		{"http://2130706433:{port}/one/small.jpg", 200},
		{"http://0x7f.1:{port}/one/small.jpg", 200},
		{"http://0177.0.0.1:{port}/one/small.jpg", 200},
		{"http://127.1:{port}/one/small.jpg?any=thing", 200},
		{"http://127.0.0.1:{port}/one/two/small.jpg", 400},
		{"http://127.0.0.1:{port}/one/../two/small.jpg", 400},
		{"http://127.0.0.1:{port}/one/%2e%2e/deep/small.jpg", 200},
		{"http://127.0.0.1:{port}/deep/a/b/c/small.jpg", 200},
		{"http://127.0.0.1:{port}/deep/.a/small.jpg", 200},
		{"http://127.0.0.1:{port}/deeper/small.jpg", 400},
		{"http://127.0.0.1:{port}/braces/a/small.jpg", 200},
		{"http://127.0.0.1:{port}/braces/b/small.jpg", 200},
		{"http://127.0.0.1:{port}/braces/c/small.jpg", 400},
		{"http://127.0.0.1:{port}/braces/a/alpha.png", 400},
		{"http://127.0.0.1:{port}/search/small.jpg?v=1", 200},
		{"http://127.0.0.1:{port}/search/small.jpg?v=1#x", 200},
		{"http://127.0.0.1:{port}/search/small.jpg?v=12", 400},
		{"http://127.0.0.1:{port}/search/small.jpg", 400},
		{"http://127.0.0.1:{port}/nosearch/small.jpg", 200},
		{"http://127.0.0.1:{port}/nosearch/small.jpg?", 200},
		{"http://127.0.0.1:{port}/nosearch/small.jpg?v=1", 400},
		{"http://127.0.3.3:{port}/glob/small.jpg", 200},
		{"http://127.0.3.3:{port}/other/small.jpg", 400},
		{"http://127.1.3.4:{port}/glob/small.jpg", 400},
		{"http://wild.test/a.jpg", 400},
		{"http://plain.test:8080/a.jpg", 400},
		{"http://secure.test/a.jpg", 400},
		{"http://other.test/a.jpg", 400},
		{"http://[::1]:{port}/one/small.jpg", 400},
	} {
		cases = append(cases, imageCase{name: "host " + harness.NoSlash(c.source), target: fillable(imageQuery(c.source, 64,
			75)), status: c.status})
	}
	return cases
}
