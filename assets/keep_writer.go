package assets

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// begin begins to keep an answer, if it may be kept.
func (k *Keep) begin(name string) func(int, http.Header, []byte) *blobstore.Writer {
	return func(status int, h http.Header, head []byte) *blobstore.Writer {
		if !isKeepable(status, h) {
			return nil
		}
		entry, _ := k.store.Create(k.key(name), head) // a store that cannot take it has said so itself
		return entry
	}
}

// isKeepable reports whether an answer is the same for everybody for ever, as it says itself.
func isKeepable(status int, h http.Header) bool {
	if status != http.StatusOK || len(h["Set-Cookie"]) > 0 || len(h["Content-Encoding"]) > 0 || len(h["Trailer"]) > 0 {
		return false
	}
	for name := range httpheader.Tokens(h["Vary"]) {
		if !strings.EqualFold(name, "Accept-Encoding") {
			return false
		}
	}
	words := h["Cache-Control"]
	return httpheader.HasDirective(words, "public") && httpheader.HasDirective(words, "immutable")
}
