package imageopt

import (
	"net/http"
	"net/url"
	"strings"
)

// Endpoint says what a path means to the optimizer of this zone: it is the endpoint, or it differs from it by the slash at the end, and
// Next.js redirects to the location (308). path is the percent-encoded path as the client wrote it: the endpoint is compared byte by byte.
func (s *Settings) Endpoint(path, rawQuery string) (is bool, location string) {
	endpoint := s.BasePath + "/_next/image"
	plain, hasSlash := strings.CutSuffix(path, "/")
	switch {
	case plain != endpoint:
		return false, ""
	case hasSlash == s.TrailingSlash:
		return true, ""
	case s.TrailingSlash:
		return false, endpoint + "/" + reencodedQuery(rawQuery)
	default:
		return false, endpoint + reencodedQuery(rawQuery)
	}
}

// WriteRedirect answers with such a location as Next.js does.
func WriteRedirect(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Refresh", "0;url="+location)
	h["Content-Type"] = nil
	w.WriteHeader(http.StatusPermanentRedirect)
	_, _ = w.Write([]byte(location))
}

// reencodedQuery is the query with its "?" as Next.js writes it into a redirect: taken apart, and every key and value encoded by
// encodeURIComponent. Values of one key come together.
func reencodedQuery(raw string) string {
	values := make(map[string][]string)
	var keys []string
	for key, value := range queryPairs(raw) {
		if _, ok := values[key]; !ok {
			keys = append(keys, key)
		}
		values[key] = append(values[key], value)
	}
	var b strings.Builder
	for _, key := range keys {
		for _, value := range values[key] {
			if b.Len() == 0 {
				b.WriteByte('?')
			} else {
				b.WriteByte('&')
			}
			b.WriteString(encodeComponent(key) + "=" + encodeComponent(value))
		}
	}
	return b.String()
}

// encodeComponent is encodeURIComponent of JavaScript, which leaves more as it is than url.QueryEscape.
func encodeComponent(text string) string {
	return componentEncoding.Replace(url.QueryEscape(text))
}

var componentEncoding = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
