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

// events follows the lines of an event stream (WHATWG HTML, 9.2.5) that pass by, to know where one event ends and
// another has not begun. Lines end in LF, CR or CRLF; an empty line ends an event, and a comment is part of none.
type events struct {
	inLine  bool // the line has bytes already
	inEvent bool // a field has begun since the last empty line
	afterCR bool // an LF that comes next belongs to the line before
}

// betweenEvents reports whether all that has passed is whole events and comments.
func (e *events) betweenEvents() bool { return !e.inLine && !e.inEvent }

// pass notes bytes as they go by. It returns how many of them end with an event or a comment: 0 if none does but the
// stream stood between two events before, -1 if it did not stand there at all.
func (e *events) pass(p []byte) int {
	whole := -1
	if e.betweenEvents() {
		whole = 0
	}
	for i, c := range p {
		e.passByte(c)
		if (c == '\n' || c == '\r') && e.betweenEvents() {
			whole = i + 1
		}
	}
	return whole
}

func (e *events) passByte(c byte) {
	restOfCRLF := c == '\n' && e.afterCR
	e.afterCR = c == '\r'
	switch {
	case restOfCRLF:
	case c != '\n' && c != '\r':
		e.inEvent = e.inEvent || !e.inLine && c != ':'
		e.inLine = true
	case e.inLine:
		e.inLine = false
	default:
		e.inEvent = false
	}
}
