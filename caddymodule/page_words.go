package caddymodule

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// keepsPages reports whether pages of some zone are kept, as far as the configuration says.
func (h *Handler) keepsPages() bool {
	switch {
	case h.AssetHost, h.Cache != nil && h.Cache.Off:
		return false
	}
	return slices.ContainsFunc(h.Zones, func(zone ZoneConfig) bool {
		return !zone.Dev && zone.Export == "" && (zone.Build != "" || h.Cache != nil)
	})
}

// pathPattern names a path, or all that begin with one.
type pathPattern struct {
	path   string
	prefix bool
}

// checkPattern looks at a path of `allow`.
func checkPattern(text string) error {
	path := strings.TrimSuffix(text, "*")
	switch {
	case !strings.HasPrefix(path, "/"):
		return errors.New("a path begins with /")
	case strings.ContainsAny(path, "*?#"):
		return errors.New("a path may have one *, at its end, and no query")
	}
	return nil
}

func patternsOf(texts []string) []pathPattern {
	patterns := make([]pathPattern, len(texts))
	for i, text := range texts {
		path, prefix := strings.CutSuffix(text, "*")
		patterns[i] = pathPattern{path, prefix}
	}
	return patterns
}

// allows reports whether one of the patterns names a path. `/blog/*` names /blog too.
func allows(patterns []pathPattern, path string) bool {
	for _, p := range patterns {
		if path == p.path || p.prefix && (strings.HasPrefix(path, p.path) || path+"/" == p.path) {
			return true
		}
	}
	return false
}

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
