package hygiene

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// MakePrivate keeps an answer out of shared caches. What it says to browsers stays; without a word to them they ask
// each time.
func MakePrivate(h http.Header) {
	lines := h["Cache-Control"]
	dropTargeted(h)
	h["Cache-Control"] = []string{withoutSharing(lines, readDirectives(lines))}
}

// KeepNowhere keeps an answer out of all caches.
func KeepNowhere(h http.Header) {
	c := cacheCase{Answer{Header: h}, readDirectives(h["Cache-Control"])}
	dropTargeted(h)
	h["Cache-Control"] = []string{always(keepNoRepaired)(c)}
}

// dropTargeted removes the fields that come before Cache-Control for some shared caches.
func dropTargeted(h http.Header) {
	for _, name := range httpheader.TargetedFields {
		delete(h, name)
	}
}
