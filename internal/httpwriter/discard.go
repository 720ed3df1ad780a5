package httpwriter

import "net/http"

// Discard takes an answer that goes to nobody: its body is dropped.
type Discard struct {
	// Status is the final one, 0 until it is written. Write and Flush imply 200.
	Status int

	header http.Header
}

// NewDiscard returns a writer to nobody.
func NewDiscard() *Discard { return &Discard{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (d *Discard) Header() http.Header { return d.header }

// WriteHeader implements http.ResponseWriter.
func (d *Discard) WriteHeader(status int) {
	if d.Status == 0 && isFinal(status) {
		d.Status = status
	}
}

// Write implements http.ResponseWriter.
func (d *Discard) Write(p []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return len(p), nil
}

// Flush implements http.Flusher.
func (d *Discard) Flush() { d.WriteHeader(http.StatusOK) }
