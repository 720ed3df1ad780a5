package keeping

import (
	"errors"
	"net/http"
	"strings"
)

// passing are headers that belong to one answer, not to what is kept of it.
var passing = map[string]bool{
	"Accept-Ranges": true, "Age": true, "Alt-Svc": true, "Connection": true, "Content-Length": true, "Date": true, "Keep-Alive": true, "Server": true,
	"Transfer-Encoding": true, "Vary": true, "Via": true,
}

// FormatHead returns the headers that are kept of an answer, a line each: all but those of before and what belongs to
// one answer only.
func FormatHead(h http.Header, before map[string]bool) []byte {
	var b []byte
	for name, values := range h {
		if passing[name] || before[name] {
			continue
		}
		for _, value := range values {
			if strings.ContainsAny(name+value, "\n\x00") {
				continue // net/http would not send it either
			}
			b = append(append(append(append(b, name...), 0), value...), '\n')
		}
	}
	return b
}

var errHead = errors.New("the head of a kept answer is damaged")

// ParseHead is the reverse of FormatHead.
func ParseHead(text []byte) (http.Header, error) {
	h := make(http.Header, 8)
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
		if !ok {
			return nil, errHead
		}
		h[name] = append(h[name], value)
	}
	return h, nil
}
