package proxy

import "net/http"

// takeTags takes the tags out of an answer that the page cache looks at, nil if the application says nothing of them.
// Nobody else gets them. name is the header in which the application says them, "" where pages are not kept. It comes
// before hygiene.CleanResponse, which removes the header that has them by default.
func takeTags(h http.Header, name string) []string {
	if name == "" {
		return nil
	}
	values := h[name]
	delete(h, name)
	return values
}
