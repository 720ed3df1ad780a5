package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

func TestWhatACommandSaysOfAPurge(t *testing.T) {
	of := func(order report.PurgeOrder, hits ...int) (answer report.Purge) {
		for i, hit := range hits {
			one := order.PurgedFrom([]string{"root", "shop"}[i])
			if order.Cache == report.CachePages {
				one.Pages = &hit
			} else if order.Source != nil {
				one.Pictures = &hit
			}
			answer.Purged = append(answer.Purged, one)
		}
		return answer
	}
	source, elsewhere, news := "/shop/a.jpg?v=1", "https://example.com/a.jpg", "/news"
	unsure, older := of(report.PurgeOrder{Cache: report.CachePages, Path: &news}, 0), of(report.PurgeOrder{Cache: report.CachePages, Path: &news}, 0)
	unsure.Purged[0].AtLeast = true
	older.Purged[0].Pages = nil
	for text, c := range map[string]struct {
		answer  report.Purge
		warning string
	}{
		"Nothing was purged: the edge keeps none there\n":                    {},
		"Purged from zone root: all pictures\n":                              {answer: of(report.PurgeOrder{Cache: report.CacheImages}, 0)},
		"Purged from zones root, shop: 3 pictures made of /shop/a.jpg?v=1\n": {answer: of(report.PurgeOrder{Cache: report.CacheImages, Source: &source}, 1, 2)},
		"Purged from zone root: 0 pictures made of /shop/a.jpg?v=1\n": {
			of(report.PurgeOrder{Cache: report.CacheImages, Source: &source}, 0), "no picture of root was kept that is made of /shop/a.jpg?v=1",
		},
		"Purged from zone root: 0 pictures made of https://example.com/a.jpg\n": {
			of(report.PurgeOrder{Cache: report.CacheImages, Source: &elsewhere}, 0),
			"no picture of root was kept that is made of https://example.com/a.jpg: sources of the site itself are named by their path, such as /a.jpg",
		},
		"Purged /news from root: 1 page\n":                                  {answer: of(report.PurgeOrder{Cache: report.CachePages, Path: &news}, 1)},
		"Purged /news from root: 0 pages\n":                                 {of(report.PurgeOrder{Cache: report.CachePages, Path: &news}, 0), "no page of root was kept under /news"},
		"Purged /news from root: 0 pages\nPurged /news from shop: 1 page\n": {answer: of(report.PurgeOrder{Cache: report.CachePages, Path: &news}, 0, 1)},
		"Purged what begins with /news from root: 12 pages\n":               {answer: of(report.PurgeOrder{Cache: report.CachePages, Prefix: &news}, 12)},
		"Purged what begins with /news from root: 0 pages\n": {
			of(report.PurgeOrder{Cache: report.CachePages, Prefix: &news}, 0), "no page of root was kept whose path begins with /news",
		},
		"Made tag /news stale in root: 2 pages\n": {answer: of(report.PurgeOrder{Cache: report.CachePages, Tag: &news, Soft: true}, 2)},
		"Made tag /news stale in root: 0 pages\nMade tag /news stale in shop: 0 pages\n": {
			of(report.PurgeOrder{Cache: report.CachePages, Tag: &news, Soft: true}, 0, 0), "no page of root, shop was kept with the tag /news",
		},
		"Purged deployment /news from root: 2 pages\n": {answer: of(report.PurgeOrder{Cache: report.CachePages, Deployment: &news}, 2)},
		"Purged deployment /news from root: 0 pages\n": {of(report.PurgeOrder{Cache: report.CachePages, Deployment: &news}, 0), "no page of root was kept of the deployment /news"},
		"Purged everything from root: 2 pages\n":       {answer: of(report.PurgeOrder{Cache: report.CachePages, All: true}, 2)},
		"Purged everything from root: 0 pages\n":       {of(report.PurgeOrder{Cache: report.CachePages, All: true}, 0), "no page of root was kept"},
		"Purged /news from root: at least 0 pages (what was kept before the last start is still being looked through)\n": {
			unsure, "no page of root was found under /news yet: what was kept before the last start is still being looked through",
		},
		"Purged /news from root\n": {answer: older},
	} {
		assert.Equal(t, text, purgeText(c.answer))
		assert.Equal(t, c.warning, purgeWarning(c.answer), text)
	}
}
