package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestPageOfData(t *testing.T) {
	plain := NewRulebook(readBuild(t, buildtest.Build{Pages: map[string]string{"/": "", "/a": ""}}))
	shop := NewRulebook(readBuild(t, buildtest.Build{
		Config: object{"basePath": "/shop", "trailingSlash": true, "i18n": object{"locales": []string{"en", "de"}, "defaultLocale": "en"}},
		Pages:  map[string]string{"/": "", "/a": "", "/en/404": "", "/de/404": ""},
	}))
	for _, c := range []struct {
		book       *Rulebook
		path, page string
	}{
		{plain, "/_next/data/build-1/a.json", "/a"},
		{plain, "/_next/data/build-1/index.json", "/"},
		{plain, "/_next/data/build-1/index/index.json", "/index"},
		{plain, "/_next/data/build-1/en/a.json", "/en/a"},
		{plain, "/_next/data/build-2/a.json", ""},
		{plain, "/_next/data/build-1/a", ""},
		{plain, "/_next/data/build-1.json", ""},
		{plain, "/a", ""},
		{shop, "/shop/_next/data/build-1/en/a.json", "/shop/a/"},
		{shop, "/shop/_next/data/build-1/de/a.json", "/shop/de/a/"},
		{shop, "/shop/_next/data/build-1/en.json", "/shop/"},
		{shop, "/shop/_next/data/build-1/de.json", "/shop/de/"},
		{shop, "/shop/_next/data/build-1/en/.json", "/shop/"},
		{shop, "/shop/_next/data/build-1/index.json", ""},
		{shop, "/shop/_next/data/build-1/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/index.json", ""},
		{shop, "/shop/_next/data/build-1/en/index/a.json", ""},
		{shop, "/shop/_next/data/build-1/fr/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/de/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/indexes.json", "/shop/indexes/"},
		{shop, "/_next/data/build-1/en/a.json", ""},
	} {
		page, ok := c.book.PageOfData(c.path)
		assert.Equal(t, c.page, page, c.path)
		assert.Equal(t, c.page != "", ok, c.path)
	}
}
