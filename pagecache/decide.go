package pagecache

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// decideByHead says by the head of an answer whether it may be kept, as far as its page has no say. length is that of
// its body, -1 if that is not known.
func (c *Cache) decideByHead(
	facts *policy.Facts, r *http.Request, status int, h http.Header,
) (d policy.Decision, length int64) {
	d = policy.ForResponse(r, *facts, status, h)
	if !d.Store {
		return d, -1
	}
	length, ok := announcedLength(h)
	switch {
	case !ok:
		return policy.Decision{Reason: policy.ReasonIncomplete}, length
	case len(h["Content-Encoding"]) > 0:
		return policy.Decision{Reason: policy.ReasonCoding}, length
	case length > c.settings.Load().MaxBody:
		return policy.Decision{Reason: policy.ReasonTooLarge}, length
	}
	return d, length
}

// decide decides on an answer by its head.
func (c *Cache) decide(fl *fetch, r *http.Request, status int, h http.Header) (d policy.Decision) {
	if d, fl.length = c.decideByHead(&fl.facts, r, status, h); !d.Store {
		return d
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		fl.age = time.Duration(age) * time.Second
	}
	page, _ := c.page(fl.key)
	if d.Tags == nil && fl.facts.Variant == policy.VariantSegment {
		if d.Tags = page.tags; d.Tags == nil {
			return policy.Decision{Reason: policy.ReasonTags}
		}
	}
	d.Interceptable = d.Interceptable || page.interceptable // once it counts, it counts for all
	var ok bool
	if fl.storeKey, ok = policy.KeyOf(r, fl.facts, d.Interceptable); !ok {
		return policy.Decision{Reason: policy.ReasonKey}
	}
	return d
}

// newHash begins the hash of an answer. Tags that a segment has from its page are not its own.
func (fl *fetch) newHash(location string) *versionHash {
	h, status, tags := newVersionHash(), fl.status, fl.decision.Tags
	if fl.facts.Variant == policy.VariantSegment {
		tags = nil
	}
	_, _ = h.Write(appendTexts([]byte{byte(status >> 8), byte(status)},
		append([]string{location}, slices.Sorted(slices.Values(tags))...))) // never fails
	return h
}
