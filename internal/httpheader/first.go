// Package httpheader reads header fields.
package httpheader

import "net/http"

// First returns the first value of a header by its canonical name, without canonicalising it again on every request.
func First(h http.Header, canonical string) string {
	if values := h[canonical]; len(values) > 0 {
		return values[0]
	}
	return ""
}
