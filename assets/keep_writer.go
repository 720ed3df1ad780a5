package assets

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// keepWriter passes an answer on and keeps a copy of it, if its head allows that.
type keepWriter struct {
	http.ResponseWriter
	keep *Keep
	name string
	// before are the names of headers that were there before the answer came: they are not the file's.
	before map[string]bool

	wroteHeader bool
	entry       *blobstore.Writer // nil: not kept
	written     int64
	length      int64 // what the head has said, -1 if nothing
}

func newKeepWriter(w http.ResponseWriter, k *Keep, name string) *keepWriter {
	keeping := &keepWriter{ResponseWriter: w, keep: k, name: name, before: make(map[string]bool, len(w.Header()))}
	for header := range w.Header() {
		keeping.before[header] = true
	}
	return keeping
}

// Unwrap lets http.ResponseController find the writer's other abilities.
func (w *keepWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *keepWriter) WriteHeader(status int) {
	if !w.wroteHeader && status >= http.StatusOK {
		w.wroteHeader = true
		w.open(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *keepWriter) open(status int) {
	h := w.Header()
	if !isKeepable(status, h) {
		return
	}
	w.length = -1
	if lengths := h["Content-Length"]; len(lengths) > 0 {
		length, err := strconv.ParseInt(lengths[0], 10, 64)
		if err != nil {
			return
		}
		w.length = length
	}
	// A store that cannot take it has said so itself.
	w.entry, _ = w.keep.store.Create(w.keep.key(w.name), formatHead(h, w.before))
}

// Write implements io.Writer.
func (w *keepWriter) Write(p []byte) (int, error) {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	if w.entry != nil {
		w.written += int64(n)
		if _, keepErr := w.entry.Write(p[:n]); err != nil || keepErr != nil {
			w.abort()
		}
	}
	return n, err
}

// commit keeps what was passed on, if it is complete.
func (w *keepWriter) commit() {
	if w.entry == nil || w.length >= 0 && w.length != w.written {
		return
	}
	err := w.entry.Commit()
	w.entry = nil
	if err == nil {
		w.keep.copies.addKept(w.keep, w.name)
	}
}

func (w *keepWriter) abort() {
	if w.entry != nil {
		w.entry.Abort()
		w.entry = nil
	}
}

// isKeepable reports whether an answer is the same for everybody for ever, as it says itself.
func isKeepable(status int, h http.Header) bool {
	if status != http.StatusOK || len(h["Set-Cookie"]) > 0 || len(h["Content-Encoding"]) > 0 || len(h["Trailer"]) > 0 {
		return false
	}
	for _, value := range h["Vary"] {
		if !strings.EqualFold(strings.TrimSpace(value), "Accept-Encoding") {
			return false
		}
	}
	directives := strings.Split(strings.ToLower(strings.ReplaceAll(strings.Join(h["Cache-Control"], ","), " ", "")), ",")
	return slices.Contains(directives, "public") && slices.Contains(directives, "immutable")
}

// passing are headers that belong to one answer, not to the file.
var passing = map[string]bool{
	"Accept-Ranges": true, "Age": true, "Alt-Svc": true, "Connection": true, "Content-Length": true, "Date": true, "Keep-Alive": true, "Server": true,
	"Transfer-Encoding": true, "Vary": true, "Via": true,
}

// formatHead returns the headers that are kept with a file, a line each.
func formatHead(h http.Header, before map[string]bool) []byte {
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

var errHead = errors.New("the head of a kept file is damaged")

// parseHead is the reverse of formatHead.
func parseHead(text []byte) (http.Header, error) {
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
