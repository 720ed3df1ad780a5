package proxy

import (
	"mime"
	"net/http"
)

// addSpeculation names the rules in the head of a page. What the application says itself stays: the header is a list.
func addSpeculation(res *http.Response, header string) {
	if res.StatusCode != http.StatusOK || res.Request.Method != http.MethodGet || !isHTML(res.Header) {
		return
	}
	res.Header["Speculation-Rules"] = append(res.Header["Speculation-Rules"], header)
}

func isHTML(h http.Header) bool {
	value := h["Content-Type"]
	if len(value) == 0 {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(value[0])
	return err == nil && mediaType == "text/html"
}
