package zones

import "strings"

// PageOfData returns the path of the page whose data a path asks for, both as Match.Full. ok is false where the path is not one of data of the build. The
// data of a page of the default language has the language in its path, the page has not.
func (b *Rulebook) PageOfData(full string) (page string, ok bool) {
	o := &b.outputs
	inner, ok := o.inner(full)
	if !ok {
		return "", false
	}
	if inner, ok = strings.CutPrefix(inner, "/_next/data/"+b.build.ID); !ok {
		return "", false
	}
	if page, ok = strings.CutSuffix(inner, ".json"); !ok || !strings.HasPrefix(page, "/") {
		return "", false
	}
	plain, locale, ok := o.placeOfData(page)
	if !ok {
		return "", false
	}
	if locale == o.defaultLocale {
		page = plain
	}
	switch {
	case page == "/" && b.build.BasePath != "":
		page = ""
	case page == "/":
		return page, true
	}
	page = b.build.BasePath + page
	if b.build.TrailingSlash {
		page += "/"
	}
	return page, true
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
	if page, locale = o.withoutLocale(data); locale == "" || hasPathPrefix(page, "/index") {
		return "", "", false
	}
	if _, again := o.withoutLocale(page); again != "" {
		return "", "", false // it is not the page of that locale
	}
	return page, locale, true
}
