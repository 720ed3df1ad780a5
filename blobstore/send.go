package blobstore

import (
	"fmt"
	"io"
	"os"
)

// WriteTo writes the body to w, by sendfile where it is in a file and w is a socket.
func (e *Entry) WriteTo(w io.Writer) (int64, error) {
	if e.body != nil {
		n, err := w.Write(e.body)
		if err != nil {
			return int64(n), fmt.Errorf("writing an entry: %w", err)
		}
		return int64(n), nil
	}
	if _, err := e.file.Seek(e.offset, io.SeekStart); err != nil {
		return 0, fmt.Errorf("finding the body of an entry: %w", err)
	}
	n, err := SendFile(w, e.file) // the body ends where the file ends
	if err != nil {
		return n, fmt.Errorf("writing an entry: %w", err)
	}
	return n, nil
}

// SendFile writes what is left of a file to w, by sendfile where w is a socket.
func SendFile(w io.Writer, file *os.File) (int64, error) { return io.Copy(w, fileReader{file}) }

// fileReader is a file that io.Copy hands to the writer as it is, for sendfile: http.ServeContent limits what is read,
// Caddy's writer limits it once more for its timeouts, and package net looks through one limit only.
type fileReader struct{ *os.File }

// WriteTo hides os.File's own, which would copy.
func (f fileReader) WriteTo(w io.Writer) (int64, error) {
	if to, ok := w.(io.ReaderFrom); ok {
		return to.ReadFrom(f.File)
	}
	return io.Copy(w, struct{ io.Reader }{f.File})
}
