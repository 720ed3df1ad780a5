package blobstore

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// Entry is what was found under a key. It stays readable until it is closed, also when the key is replaced, evicted or
// deleted meanwhile, and when the store is closed. It is for one user, who closes it.
type Entry struct {
	id         id
	note       *Note // of an entry that is in memory
	meta, body []byte
	file       *os.File // when body is nil
	offset     int64    // of the body in the file
	size       int64
	fromMemory bool
	attached   atomic.Value
}

// Meta is what was put beside the body. It must not be modified.
func (e *Entry) Meta() []byte { return e.meta }

// Size is the length of the body in bytes.
func (e *Entry) Size() int64 { return e.size }

// FromMemory reports whether the entry was found in memory, not on disk nor behind.
func (e *Entry) FromMemory() bool { return e.fromMemory }

// Attach keeps something that was made of the entry with it, for as long as it is in memory: who finds it there gets it
// by Attached. All that is attached to entries of one store is of types of its user; it must not be changed any more,
// and about as large as the meta, which counts twice against the bound for that.
func (e *Entry) Attach(made any) {
	if e.fromMemory && e.attached.Load() == nil {
		e.attached.CompareAndSwap(nil, made)
	}
}

// Attached is what was attached, nil if nothing was.
func (e *Entry) Attached() any { return e.attached.Load() }

// Reader reads the body. Each one has a position of its own.
func (e *Entry) Reader() io.ReadSeeker {
	if e.file != nil {
		return io.NewSectionReader(e.file, e.offset, e.size)
	}
	return bytes.NewReader(e.body)
}

// Close gives the entry back.
func (e *Entry) Close() error {
	if e.file == nil {
		return nil
	}
	if err := e.file.Close(); err != nil {
		return fmt.Errorf("closing the file of an entry: %w", err)
	}
	return nil
}

// ReadAll returns the whole body. It must not be modified.
func (e *Entry) ReadAll() ([]byte, error) {
	if e.body != nil {
		return e.body, nil
	}
	body := make([]byte, e.size)
	if err := readAt(e.file, body, e.offset); err != nil {
		return nil, fmt.Errorf("reading the body of an entry: %w", err)
	}
	return body, nil
}
