package caddymodule

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// takeTags moves the tags of an answer to where the page cache looks for them. Nobody else gets them.
func takeTags(h http.Header, a *attempt) {
	if a.tags == "" {
		return
	}
	values := h[a.tags]
	delete(h, a.tags)
	if a.fills && len(values) > 0 {
		h[pagecache.TagsHeader] = values
	}
}
