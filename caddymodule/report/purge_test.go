package report

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
		order, err := ParsePurge([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, c.scope, order.Scope(), text)
		assert.Equal(t, c.source, order.SourceText(), text)

		// What a command sends is read as it was meant.
		sent, err := json.Marshal(order)
		require.NoError(t, err)
		again, err := ParsePurge(sent)
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
		_, err := ParsePurge([]byte(text))
		assert.ErrorContains(t, err, message, text)
	}
}

func TestAPathOfAnotherZoneIsRefused(t *testing.T) {
	shop := &zones.Zone{Name: "shop", Paths: []string{"/shop", "/shop-assets/_next"}}
	root := &zones.Zone{Name: "root", Paths: []string{"/"}}
	named, prices, inShop := "shop", "/prices", "/shop/prices"
	assert.EqualError(t, PurgeOrder{Zone: &named, Path: &prices}.CheckPlace(shop),
		"/prices is not in zone shop, whose pages are below /shop, /shop-assets/_next: paths have the basePath")
	assert.Error(t, PurgeOrder{Zone: &named, Prefix: &prices}.CheckPlace(shop))
	assert.NoError(t, PurgeOrder{Zone: &named, Path: &inShop}.CheckPlace(shop))
	assert.NoError(t, PurgeOrder{Zone: &named, Path: &prices}.CheckPlace(root))
	assert.NoError(t, PurgeOrder{Path: &prices}.CheckPlace(shop), "of all zones")
	assert.NoError(t, PurgeOrder{Zone: &named}.CheckPlace(shop))
	wider := "/s"
	assert.NoError(t, PurgeOrder{Zone: &named, Prefix: &wider}.CheckPlace(shop))
}
