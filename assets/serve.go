package assets

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// keptSize is the largest file that is kept in memory (bytes). Larger ones go from the disk's cache to the socket
// without passing by.
const keptSize = 64 << 10

// Source is where an answer came from.
type Source uint8

// The sources.
const (
	// NotServed: there is no such file; Next.js must answer.
	NotServed Source = iota
	// FromMemory and FromDisk tell where the bytes of a file of a build were.
	FromMemory
	FromDisk
	// FromKept: the file had passed through before.
	FromKept
	// FromArchive: it is one of a build that the edge has seen before.
	FromArchive
	// FromUpstream: it was fetched now.
	FromUpstream

	// Sources is the number of sources, for tables that are indexed by one.
	Sources = iota
)

var sourceNames = [Sources]string{"none", "memory", "disk", "kept", "archive", "upstream"}

// String returns the source's name as it stands in metrics.
func (s Source) String() string { return sourceNames[s] }

// Accepts returns the codings that the client of a request takes, the best first.
type Accepts func() []string

// Serve answers a GET or HEAD for the file at a path below the basePath, with the headers that the build adds to it.
// Ranges and conditions are those of RFC 9110. A file that has changed or gone since the set was made is served as it
// was if it is held open, else not.
func (s *Set) Serve(w http.ResponseWriter, r *http.Request, path string, more []nextbuild.Header, accepts Accepts) (Source, error) {
	if f := s.find(path); f != nil {
		return s.serve(w, r, f, more, accepts)
	}
	return NotServed, nil
}

func (s *Set) serve(w http.ResponseWriter, r *http.Request, f *keptFile, more []nextbuild.Header, accepts Accepts) (Source, error) {
	if f.copies.Load() != nil && !httpheader.NeedsUncoded(r.Header) {
		if c := f.copyFor(accepts()); c != nil {
			if source, err := s.serveCopy(w, r, f, c, more); source != NotServed {
				return source, err
			}
		}
	}
	if body := f.body.Load(); body != nil {
		s.answer(w, f, more)
		return FromMemory, f.write(w, r, *body)
	}
	opened, err := f.open()
	if err != nil || opened == nil {
		return s.serveHeld(w, r, f, more), nil //nolint:nilerr // whatever is wrong with the disk, Next.js may still answer
	}
	defer func() { _ = opened.Close() }() // it was only read
	if f.size <= keptSize && s.memory.reserve(f.size) {
		body := make([]byte, f.size)
		if _, err := io.ReadFull(opened, body); err != nil {
			s.memory.release(f.size)
			return NotServed, nil //nolint:nilerr // as above
		}
		s.keep(f, body)
		s.answer(w, f, more)
		return FromDisk, f.write(w, r, body)
	}
	s.answer(w, f, more)
	if isPartial(r) {
		http.ServeContent(w, r, "", f.head.modTime, opened)
		return FromDisk, nil
	}
	f.begin(w)
	return FromDisk, sendFile(w, opened)
}

// serveHeld answers with a file that is gone from its directory.
func (s *Set) serveHeld(w http.ResponseWriter, r *http.Request, f *keptFile, more []nextbuild.Header) Source {
	if f.held == nil || !s.acquireHeld() {
		return NotServed
	}
	defer s.Release()
	opened := f.heldAsItWas()
	if opened == nil {
		return NotServed
	}
	s.answer(w, f, more)
	http.ServeContent(w, r, "", f.head.modTime, io.NewSectionReader(opened, 0, f.size))
	return FromDisk
}

// serveCopy answers with a copy of the file.
func (s *Set) serveCopy(w http.ResponseWriter, r *http.Request, f *keptFile, c *fileCopy, more []nextbuild.Header) (Source, error) {
	// A client that has the file as it is has it too; of one that was compressed on its way the ETag comes here as the
	// file's own.
	for _, etag := range [][]string{c.etag, f.head.etag} {
		if isUnmodified(r.Header, f.head.modTime, etag[0]) {
			s.answer(w, f, more)
			w.Header()["Etag"] = etag
			codings.AddVary(w.Header())
			writeUnmodified(w)
			return FromMemory, nil
		}
	}
	entry, ok := s.copies.store.Get(r.Context(), c.key)
	if ok {
		defer func() { _ = entry.Close() }() // it was only read
	}
	if !ok || entry.Size() != c.size {
		f.dropCopy(c.coding)
		return NotServed, nil
	}
	s.answer(w, f, more)
	h := w.Header()
	h["Etag"] = c.etag
	h["Content-Encoding"] = c.codingHeader
	h["Content-Length"] = c.length
	codings.AddVary(h)
	w.WriteHeader(http.StatusOK)
	source := FromDisk
	if entry.FromMemory() {
		source = FromMemory
	}
	if r.Method == http.MethodHead {
		return source, nil
	}
	return source, sendEntry(w, entry)
}

// sendEntry writes the body of an entry.
func sendEntry(w io.Writer, entry *blobstore.Entry) error {
	if _, err := entry.WriteTo(w); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// sendFile writes what is left of a file.
func sendFile(w io.Writer, file *os.File) error {
	if _, err := blobstore.SendFile(w, file); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// open opens the file if it is still the one that was looked at.
func (f *file) open() (*os.File, error) {
	opened, err := f.root.Open(f.name)
	if err != nil {
		return nil, fmt.Errorf("opening a file of the build: %w", err)
	}
	if f.isSame(opened) {
		return opened, nil
	}
	return nil, opened.Close()
}

// isSame reports whether an open file is the one that was looked at.
func (f *file) isSame(opened *os.File) bool {
	info, err := opened.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == f.size && (f.modTime.IsZero() || info.ModTime().Equal(f.modTime))
}

// answer sets the headers of the answer.
func (s *Set) answer(w http.ResponseWriter, f *keptFile, more []nextbuild.Header) {
	h := w.Header()
	h["Content-Type"] = f.head.contentType
	h["Etag"] = f.head.etag
	if f.head.lastModified != nil {
		h["Last-Modified"] = f.head.lastModified
	}
	h["Cache-Control"] = f.head.cacheControl
	if f.head.cacheControl == nil {
		h["Cache-Control"] = s.changing
	}
	if f.head.serviceWorker != nil {
		h["Service-Worker-Allowed"] = f.head.serviceWorker
	}
	SetHeaders(h, more)
}

// SetHeaders adds what headers() of the build says to a head, as Next.js does: of headers with one name the last
// counts.
func SetHeaders(h http.Header, more []nextbuild.Header) {
	for _, header := range more {
		if strings.EqualFold(header.Key, "Set-Cookie") {
			h.Add(header.Key, header.Value)
			continue
		}
		h.Set(header.Key, header.Value)
	}
}

// write answers with bytes from memory. Whoever wants all of them gets them by the shortest way.
func (f *file) write(w http.ResponseWriter, r *http.Request, body []byte) error {
	if isPartial(r) {
		http.ServeContent(w, r, "", f.head.modTime, bytes.NewReader(body))
		return nil
	}
	f.begin(w)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// begin writes the head of an answer that has all of the file.
func (f *file) begin(w http.ResponseWriter) {
	h := w.Header()
	h["Accept-Ranges"] = acceptRanges
	h["Content-Length"] = f.head.length
	w.WriteHeader(http.StatusOK)
}

var acceptRanges = []string{"bytes"}

// isPartial reports whether a request wants less than all of a file: the head, a part, or nothing if a condition does
// not hold.
func isPartial(r *http.Request) bool {
	return r.Method != http.MethodGet || httpheader.HasCondition(r.Header)
}
