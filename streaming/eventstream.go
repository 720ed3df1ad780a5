package streaming

import (
	"mime"
	"net/http"
	"strings"
)

// IsEventStream reports whether the header of an answer says that it is a stream of server-sent events (WHATWG HTML,
// 9.2).
func IsEventStream(h http.Header) bool {
	value := h["Content-Type"]
	if len(value) == 0 || !strings.Contains(strings.ToLower(value[0]), "event-stream") {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(value[0])
	return err == nil && mediaType == "text/event-stream"
}
