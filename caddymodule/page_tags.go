package caddymodule

import "net/http"

// takeTags takes the tags out of an answer that the page cache looks at, nil if the application says nothing of them.
// Nobody else gets them. It comes before zones.CleanResponse, which removes the header that has them by default.
func takeTags(h http.Header, a *attempt) []string {
	if a.tags == "" {
		return nil
	}
	values := h[a.tags]
	delete(h, a.tags)
	if !a.fills {
		return nil
	}
	return values
}
