package encode

import (
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/eventcoding"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
)

// encodingWriter compresses an answer if its head allows it. The encoder is in its hands until release.
type encodingWriter struct {
	caddyhttp.ResponseWriterWrapper
	settings     *Encode
	request      *http.Request
	isHead       bool
	restoreETags bool // the client has named an answer in this coding

	coding   *coding // what the client likes best, nil if it accepts none of ours
	isChosen bool    // coding has been looked for
	sent     int64   // bytes of the body as they go to the client
	counter  interface {
		Sent(coding string, bytes int64)
	} // nil: nobody counts
	wroteHeader bool
	encoder     encode.Encoder // nil while, or because, the answer is not compressed
	idle        *sync.Pool     // takes the encoder back; nil: it is for one stream
	unflushed   bool           // the encoder holds bytes of a chunk
}

// negotiated returns the coding of this answer, if it is to be compressed. Most answers need not look for it.
func (w *encodingWriter) negotiated() *coding {
	if !w.isChosen {
		w.coding, w.isChosen = w.settings.choose(encode.AcceptedEncodings(w.request, w.settings.Prefer)), true
	}
	return w.coding
}

// WriteHeader implements http.ResponseWriter. All that decides is in the head, so it can go at once.
func (w *encodingWriter) WriteHeader(status int) {
	if w.wroteHeader || status < http.StatusOK {
		w.ResponseWriter.WriteHeader(status) // 1xx: the answer is still to come
		return
	}
	w.wroteHeader = true
	h := w.Header()
	if _, has := h["Content-Type"]; !has {
		// Present without a value it keeps net/http from guessing one that Next.js did not send.
		h["Content-Type"] = nil
	}
	switch {
	case status == http.StatusNotModified:
		// It has the headers of the answer it stands for, and no content type to tell that answer by.
		codings.AddVary(h)
		if w.restoreETags {
			w.coding.tagETag(h)
		}
	case w.settings.compressible(status, h):
		codings.AddVary(h)
		if w.settings.worthwhile(status, h) && w.negotiated() != nil {
			w.encode(h)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// compressible reports whether an answer could come in one of our codings, to this or to another client.
func (e *Encode) compressible(status int, h http.Header) bool {
	for _, value := range h["Content-Encoding"] {
		if value != "" {
			return false
		}
	}
	return !httpheader.HasDirective(h["Cache-Control"], "no-transform") && e.Matcher.Match(status, h)
}

// worthwhile reports whether a compressible answer has a whole body, and one that is long enough.
func (e *Encode) worthwhile(status int, h http.Header) bool {
	switch status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		return false
	}
	if lengths := h["Content-Length"]; len(lengths) > 0 {
		length, err := strconv.Atoi(lengths[0])
		return err != nil || length >= e.MinLength
	}
	return true
}

// encode makes the head one of a compressed answer, and gets an encoder for its body. A HEAD has the same head and no
// body.
func (w *encodingWriter) encode(h http.Header) {
	h["Content-Encoding"] = []string{w.coding.name}
	delete(h, "Content-Length")
	delete(h, "Accept-Ranges") // ranges are of the plain bytes
	w.coding.tagETag(h)
	if w.isHead {
		return
	}
	if streaming.IsEventStream(h) && eventcoding.Has(w.coding.name) {
		w.encoder = eventcoding.New(w.coding.name)
	} else {
		w.idle = &w.coding.idle
		w.encoder = w.idle.Get().(encode.Encoder)
	}
	w.encoder.Reset((*sentWriter)(w))
}

// sentWriter is where the encoder writes.
type sentWriter encodingWriter

func (w *sentWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

// Write implements io.Writer.
func (w *encodingWriter) Write(p []byte) (int, error) {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	if w.encoder == nil {
		return (*sentWriter)(w).Write(p)
	}
	w.unflushed = w.unflushed || len(p) > 0
	return w.encoder.Write(p)
}

// ReadFrom implements io.ReaderFrom, so that the kernel may copy what is not compressed.
func (w *encodingWriter) ReadFrom(r io.Reader) (int64, error) {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	if w.encoder == nil {
		n, err := w.ResponseWriterWrapper.ReadFrom(r)
		w.sent += n
		return n, err
	}
	w.unflushed = true
	return io.Copy(w.encoder, r)
}

// FlushError is what http.ResponseController looks for. The head of an answer goes without anything of the encoder:
// what that has to say before the first chunk would be another frame for the client to read.
func (w *encodingWriter) FlushError() error {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	if w.unflushed {
		w.unflushed = false
		if err := w.encoder.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// end completes a compressed answer, also one without a body: its head has said that it is compressed.
func (w *encodingWriter) end() {
	if w.encoder != nil {
		_ = w.encoder.Close() // the client is gone, as others will notice
	}
	if w.counter != nil {
		w.counter.Sent(w.sentCoding(), w.sent)
	}
}

// CountSent has a counter told what was sent, when the answer has come to its end.
func (w *encodingWriter) CountSent(counter interface {
	Sent(coding string, bytes int64)
},
) {
	w.counter = counter
}

// sentCoding is the content coding of the answer, "" without one.
func (w *encodingWriter) sentCoding() string {
	if values := w.Header()["Content-Encoding"]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// release gives the encoder back.
func (w *encodingWriter) release() {
	if w.idle != nil {
		w.encoder.Reset(nil)
		w.idle.Put(w.encoder)
	}
	w.encoder, w.idle = nil, nil
}
