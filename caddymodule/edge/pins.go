package edge

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Where files of a build and its data lie, below the basePath.
const (
	staticPrefix = "/_next/static/"
	dataPrefix   = "/_next/data/"
)

// PinFactsOf reads what a request says of the deployment that it belongs to. path is below the basePath, as zones.Match
// has it; cookie is the name of the cookie, "" for none. What action is called is not among them (Zone.ActionOf).
//
// Only that counts which the client of Next.js says of its document: a browser that loads a document says nothing, and
// an application that fetches something may say what it likes by the header alone. A `?dpl` in the URL of a page is
// the application's own.
func PinFactsOf(r *http.Request, kind zones.Kind, path, cookie string) deploy.PinFacts {
	f := deploy.PinFacts{Header: httpheader.First(r.Header, "X-Deployment-Id")}
	switch kind {
	case zones.KindDocument:
		f.Document = true
	case zones.KindStatic:
		f.Query, f.Path, f.BuildID = dplOf(r.URL.RawQuery), path, buildOfFile(path)
		f.Cookie = pinCookieOf(r.Header, cookie)
	case zones.KindImage:
		if f.Query, f.Path = pictureOf(r.URL.RawQuery); f.Path != "" {
			f.Cookie = pinCookieOf(r.Header, cookie)
		}
	case zones.KindData:
		f.BuildID, f.Cookie = buildBelow(path, dataPrefix), pinCookieOf(r.Header, cookie)
	case zones.KindAction, zones.KindRSC, zones.KindPrefetch, zones.KindSegment:
		f.Cookie = pinCookieOf(r.Header, cookie)
	}
	return f
}

// dplOf is the deployment id that a query names; the first one counts.
func dplOf(query string) string {
	id, _ := spelling.QueryValue(query, "dpl")
	return id
}

// pictureOf reads the query of a request to the image optimizer. file is the path below the basePath of what is
// imported from a build; other pictures change at the switch like any other file without a hash in its name. Next.js
// writes `dpl` beside the url or into it (next/dist/shared/lib/image-loader.js).
func pictureOf(query string) (dpl, file string) {
	dpl = dplOf(query)
	source, _ := spelling.QueryValue(query, "url")
	if !strings.HasPrefix(source, "/") || strings.HasPrefix(source, "//") {
		return dpl, ""
	}
	path, own, _ := strings.Cut(source, "?")
	if dpl == "" {
		dpl = dplOf(own)
	}
	if at := strings.Index(path, staticPrefix); at >= 0 {
		file = path[at:]
	}
	return dpl, file
}

// buildOfFile is the build id in the path of a file, "" for one that lies beside these.
func buildOfFile(path string) string {
	switch id := buildBelow(path, staticPrefix); id {
	case "chunks", "css", "media", "immutable":
		return ""
	default:
		return id
	}
}

// buildBelow is the build id in a path below a prefix.
func buildBelow(path, prefix string) string {
	below, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return ""
	}
	id, _, ok := strings.Cut(below, "/")
	if !ok {
		return ""
	}
	return unescaped(id)
}

// pinCookieOf is the id of the deployment that a cookie names; of several the first counts, which is the one of the
// longest path.
func pinCookieOf(h http.Header, name string) string {
	if name == "" {
		return ""
	}
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if have, value, _ := strings.Cut(strings.TrimLeft(pair, " \t"), "="); have == name {
				return unescaped(strings.TrimRight(value, " \t"))
			}
		}
	}
	return ""
}

// unescaped decodes a text that may be percent-encoded.
func unescaped(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
