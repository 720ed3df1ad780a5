package rules

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// PageOfData returns the path of the page whose data a path asks for, both as Target.Full. ok is false where the path
// is not one of data of the build. The data of a page of the default language has the language in its path, the page
// has not.
func (s *Set) PageOfData(full string) (page string, ok bool) {
	o := &s.outputs
	below, ok := o.belowBase(full)
	if !ok {
		return "", false
	}
	if below, ok = strings.CutPrefix(below, "/_next/data/"+s.build.ID); !ok {
		return "", false
	}
	if page, ok = strings.CutSuffix(below, ".json"); !ok || !strings.HasPrefix(page, "/") {
		return "", false
	}
	plain, locale, ok := o.placeOfData(page)
	if !ok {
		return "", false
	}
	if locale == o.defaultLocale {
		page = plain
	}
	return s.pagePath(page), true
}

// pagePath returns the path of a page below the basePath as its visitors ask for it.
func (s *Set) pagePath(page string) string {
	switch {
	case page == "/" && s.build.BasePath != "":
		page = ""
	case page == "/":
		return page
	}
	page = s.build.BasePath + page
	if s.build.TrailingSlash {
		page += "/"
	}
	return page
}

// judgeData goes through the rules for data of a build with middleware: Next.js asks them all by the path of the page
// then, with its locale (middleware_next_data in resolve-routes.js). Of a build without middleware it asks them by the
// path of the data.
func (s *Set) judgeData(path string, r *http.Request) Verdict {
	page, routed, ok := s.routedData(path)
	if !ok || s.evadesByPath(page) {
		return Verdict{Reason: Middleware}
	}
	headers, stop := s.judgeHeaders(routed, r)
	v := s.judgePath(Verdict{Headers: headers, asData: true}, page, routed, r)
	switch {
	case !v.Edge() || v.Output == OutputData:
	case v.Output == OutputNone:
		return Verdict{Reason: Rule} // a redirect, which Next.js tells its client in a header
	default:
		return Verdict{Reason: Unknown} // a file, or a page without data
	}
	if stop == nil {
		return v
	}
	if v.Edge() && !stop.needsRequest {
		stop.ignoringHeaders = &v
	}
	return *stop
}

// LacksDataHeader reports whether a request for data has not the header by which Next.js 14 says what page it has found
// (x-nextjs-matched-path). The router of an application with middleware goes by that, so what is kept must have it.
func (s *Set) LacksDataHeader(h http.Header) bool {
	return s.HasMiddleware() && httpheader.First(h, "X-Nextjs-Data") != "1"
}

// routedData returns the path of the page of data, and the one that rules of next.config are asked by. ok is false
// where Next.js versions differ, or where a setting that is not looked at decides.
func (s *Set) routedData(path string) (page, routed string, ok bool) {
	page, ok = s.PageOfData(path)
	i18n := s.build.I18n
	switch {
	case !ok, i18n != nil && len(i18n.Domains) > 0, s.build.TrailingSlash && s.build.SkipsNormalize():
		return "", "", false
	case strings.HasSuffix(page, "/") != s.build.TrailingSlash && page != "/":
		return "", "", false // data of a path that is redirected
	case i18n == nil && page == s.build.BasePath && page != "" && !s.joinsBasePath():
		return "", "", false
	case i18n == nil:
		return page, page, true
	}
	below, _ := s.outputs.belowBase(path)
	below = strings.TrimSuffix(strings.TrimPrefix(below, "/_next/data/"+s.build.ID), ".json")
	return page, s.pagePath(below), true
}

// joinsBasePath reports whether this Next.js knows that the data of the root page is that of the basePath. Earlier ones
// redirect it, because they put a slash behind.
func (s *Set) joinsBasePath() bool {
	return s.matchesDecoded() || strings.HasPrefix(s.build.NextVersion, "15.5.")
}

// dataPath returns the path of the data of a page, below the basePath.
func (o *outputs) dataPath(page, locale string) string {
	switch {
	case locale != "" && page == "/":
		page = "/" + locale
	case locale != "":
		page = "/" + locale + page
	case page == "/":
		page = "/index"
	case spelling.HasPathPrefix(page, "/index"):
		page = "/index" + page
	}
	return "/_next/data/" + o.build.ID + page + ".json"
}

// placeOfData returns the page of data, and its locale. With locales, all data has one in its path: Next.js answers 404
// to data without a locale, and to that of /en/index, though it calls both its own (dataRoute in
// prerender-manifest.json, 16.4). Without locales, /index is the root (denormalizePagePath).
func (o *outputs) placeOfData(data string) (page, locale string, ok bool) {
	if o.build.I18n == nil {
		if data == "/index" {
			return "/", "", true
		}
		if strings.HasPrefix(data, "/index/") {
			data = data[len("/index"):]
		}
		return data, "", true
	}
	if page, locale = o.withoutLocale(data); locale == "" || spelling.HasPathPrefix(page, "/index") {
		return "", "", false
	}
	if _, again := o.withoutLocale(page); again != "" {
		return "", "", false // it is not the page of that locale
	}
	return page, locale, true
}
