package caddymodule

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

func TestOrdersToPurge(t *testing.T) {
	for text, c := range map[string]struct{ scope, source string }{
		`{"cache": "images", "all": true}`:                                              {"all", ""},
		`{"cache": "images", "zone": "shop"}`:                                           {"zone", ""},
		`{"cache": "images", "zone": "/shop", "all": false}`:                            {"zone", ""},
		`{"cache": "images", "source": "/photo.jpg?v=1"}`:                               {"source", "/photo.jpg?v=1"},
		` {"cache": "images", "zone": "shop", "source": "HTTPS://Example.com:443/a b"}`: {"source", "https://example.com/a%20b"},
	} {
		order, err := parsePurge([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, c.scope, order.scope(), text)
		assert.Equal(t, c.source, order.source(), text)

		// What a command sends is read as it was meant.
		sent, err := json.Marshal(order)
		require.NoError(t, err)
		again, err := parsePurge(sent)
		require.NoError(t, err)
		assert.Equal(t, order, again)
	}
	for text, message := range map[string]string{
		``:                                     `the body is no JSON object such as {"cache": "images", "all": true}: EOF`,
		`cache=images`:                         "the body is no JSON object",
		`[]`:                                   "the body is no JSON object",
		`{"cache": "images"`:                   "the body is no JSON object",
		`null`:                                 `"cache" is missing; allowed: images, pages`,
		`{"all": true}`:                        `"cache" is missing; allowed: images, pages`,
		`{"cache": "pictures", "all": true}`:   `unknown cache "pictures"; allowed: images, pages`,
		`{"cache": "images", "zones": "shop"}`: `unknown field "zones"; allowed: cache, zone, source, path, prefix, tag, deployment, soft, all`,
		`{"cache": "images", "all": "yes"}`:    `"all" takes a bool, found a string`,
		`{"cache": "images", "zone": 7}`:       `"zone" takes a string, found a number`,
		`{"cache": "images"}`:                  `it does not say what to purge: "zone", "source" or both (pages: "path", "prefix", "tag" or "deployment"), or "all"`,
		`{"cache": "images", "all": false}`:    "it does not say what to purge",
		`{"cache": "images", "zone": null}`:    "it does not say what to purge",
		`{"cache": "images", "all": true, "zone": "shop"}`:   `"all" stands alone`,
		`{"cache": "images", "all": true, "source": "/a"}`:   `"all" stands alone`,
		`{"cache": "images", "zone": "", "source": "/a"}`:    `"zone" is empty; leave it out for all zones`,
		`{"cache": "images", "source": ""}`:                  `"source" "": it is neither a path of the application`,
		`{"cache": "images", "source": "photo.jpg"}`:         `"source" "photo.jpg": it is neither a path of the application`,
		`{"cache": "images", "source": "//example.com/a"}`:   "nor a URL, such as https://example.com/photo.jpg",
		`{"cache": "images", "all": true} {"cache": "none"}`: "more than one JSON object",
	} {
		_, err := parsePurge([]byte(text))
		assert.ErrorContains(t, err, message, text)
	}
}

func TestZonesThatAnOrderMeans(t *testing.T) {
	shop := &zones.Zone{Name: "shop", Paths: []string{"/shop", "/shop-assets/_next"}}
	assert.True(t, purgeOrder{}.means(shop))
	for zone, meant := range map[string]bool{"shop": true, "/shop": true, "/shop-assets/_next": true, "/": false, "/sho": false, "blog": false, "Shop": false} {
		assert.Equal(t, meant, purgeOrder{Zone: &zone}.means(shop), zone)
	}
}

func TestWhatACommandSaysOfAPurge(t *testing.T) {
	of := func(order purgeOrder, hits ...int) (report purgeReport) {
		for i, hit := range hits {
			one := order.purgedFrom([]string{"root", "shop"}[i])
			if order.Cache == cachePages {
				one.Pages = &hit
			} else if order.Source != nil {
				one.Pictures = &hit
			}
			report.Purged = append(report.Purged, one)
		}
		return report
	}
	source, elsewhere, news := "/shop/a.jpg?v=1", "https://example.com/a.jpg", "/news"
	unsure, older := of(purgeOrder{Cache: cachePages, Path: &news}, 0), of(purgeOrder{Cache: cachePages, Path: &news}, 0)
	unsure.Purged[0].AtLeast = true
	older.Purged[0].Pages = nil
	for text, c := range map[string]struct {
		report  purgeReport
		warning string
	}{
		"Nothing was purged: the edge keeps none there\n":                    {},
		"Purged from zone root: all pictures\n":                              {report: of(purgeOrder{Cache: cacheImages}, 0)},
		"Purged from zones root, shop: 3 pictures made of /shop/a.jpg?v=1\n": {report: of(purgeOrder{Cache: cacheImages, Source: &source}, 1, 2)},
		"Purged from zone root: 0 pictures made of /shop/a.jpg?v=1\n": {
			of(purgeOrder{Cache: cacheImages, Source: &source}, 0), "no picture of root was kept that is made of /shop/a.jpg?v=1",
		},
		"Purged from zone root: 0 pictures made of https://example.com/a.jpg\n": {
			of(purgeOrder{Cache: cacheImages, Source: &elsewhere}, 0),
			"no picture of root was kept that is made of https://example.com/a.jpg: sources of the site itself are named by their path, such as /a.jpg",
		},
		"Purged /news from root: 1 page\n":                                  {report: of(purgeOrder{Cache: cachePages, Path: &news}, 1)},
		"Purged /news from root: 0 pages\n":                                 {of(purgeOrder{Cache: cachePages, Path: &news}, 0), "no page of root was kept under /news"},
		"Purged /news from root: 0 pages\nPurged /news from shop: 1 page\n": {report: of(purgeOrder{Cache: cachePages, Path: &news}, 0, 1)},
		"Purged what begins with /news from root: 12 pages\n":               {report: of(purgeOrder{Cache: cachePages, Prefix: &news}, 12)},
		"Purged what begins with /news from root: 0 pages\n": {
			of(purgeOrder{Cache: cachePages, Prefix: &news}, 0), "no page of root was kept whose path begins with /news",
		},
		"Made tag /news stale in root: 2 pages\n": {report: of(purgeOrder{Cache: cachePages, Tag: &news, Soft: true}, 2)},
		"Made tag /news stale in root: 0 pages\nMade tag /news stale in shop: 0 pages\n": {
			of(purgeOrder{Cache: cachePages, Tag: &news, Soft: true}, 0, 0), "no page of root, shop was kept with the tag /news",
		},
		"Purged deployment /news from root: 2 pages\n": {report: of(purgeOrder{Cache: cachePages, Deployment: &news}, 2)},
		"Purged deployment /news from root: 0 pages\n": {of(purgeOrder{Cache: cachePages, Deployment: &news}, 0), "no page of root was kept of the deployment /news"},
		"Purged everything from root: 2 pages\n":       {report: of(purgeOrder{Cache: cachePages, All: true}, 2)},
		"Purged everything from root: 0 pages\n":       {of(purgeOrder{Cache: cachePages, All: true}, 0), "no page of root was kept"},
		"Purged /news from root: at least 0 pages (what was kept before the last start is still being looked through)\n": {
			unsure, "no page of root was found under /news yet: what was kept before the last start is still being looked through",
		},
		"Purged /news from root\n": {report: older},
	} {
		assert.Equal(t, text, c.report.text())
		assert.Equal(t, c.warning, c.report.warning(), text)
	}
}

func TestAPathOfAnotherZoneIsRefused(t *testing.T) {
	shop := &zones.Zone{Name: "shop", Paths: []string{"/shop", "/shop-assets/_next"}}
	root := &zones.Zone{Name: "root", Paths: []string{"/"}}
	named, prices, inShop := "shop", "/prices", "/shop/prices"
	assert.EqualError(t, purgeOrder{Zone: &named, Path: &prices}.checkPlace(shop),
		"/prices is not in zone shop, whose pages are below /shop, /shop-assets/_next: paths have the basePath")
	assert.Error(t, purgeOrder{Zone: &named, Prefix: &prices}.checkPlace(shop))
	assert.NoError(t, purgeOrder{Zone: &named, Path: &inShop}.checkPlace(shop))
	assert.NoError(t, purgeOrder{Zone: &named, Path: &prices}.checkPlace(root))
	assert.NoError(t, purgeOrder{Path: &prices}.checkPlace(shop), "of all zones")
	assert.NoError(t, purgeOrder{Zone: &named}.checkPlace(shop))
	wider := "/s"
	assert.NoError(t, purgeOrder{Zone: &named, Prefix: &wider}.checkPlace(shop))
}
