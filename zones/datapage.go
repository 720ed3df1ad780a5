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
	if plain, locale := o.withoutLocale(page); locale != "" && locale == o.defaultLocale {
		page = plain
	}
	switch {
	case page == "/index":
		page = "/"
	case strings.HasPrefix(page, "/index/"): // denormalizePagePath
		page = page[len("/index"):]
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
