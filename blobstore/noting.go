package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// noteBatch is how many files are read for their notes before others get a turn: some milliseconds of work.
const noteBatch = 256

// noteFiles makes the notes of files of an earlier run, and reports whether all have one. It reads their heads, which
// takes a second or so for 100,000 of them; half of the time it rests, for those who serve at that moment. Nobody
// waits for it to find an entry.
func (s *Store) noteFiles(d *disk) bool {
	var failed error
	begun, read := time.Now(), 0
	buffer := make([]byte, block)
	for i, r := range d.index.cache.All() {
		if r.note.Load() != nil {
			continue
		}
		if err := s.noteFile(d, i, r, buffer); err != nil {
			failed = err
		}
		if read++; read%noteBatch == 0 {
			if !pause(s.ctx, time.Since(begun)) {
				return false
			}
			begun = time.Now()
		}
	}
	if failed != nil {
		d.reads.failed(failed)
		return false
	}
	close(d.noted)
	return true
}

// noteFile makes the note of a file. A damaged one has none: whoever asks for it removes it.
func (s *Store) noteFile(d *disk, i id, r *record, buffer []byte) error {
	key, meta, err := d.readHead(i, buffer)
	note := noNote
	switch {
	case err == nil:
		note = s.noteOf(key, meta)
	case errors.Is(err, fs.ErrNotExist): // evicted or replaced meanwhile
	case !errors.Is(err, errDamaged):
		return fmt.Errorf("reading the head of an entry: %w", err)
	}
	r.note.CompareAndSwap(nil, note)
	return nil
}

// readHead reads the key and the meta of an entry's file, for which it uses the buffer.
func (d *disk) readHead(i id, buffer []byte) (key Key, meta []byte, err error) {
	f, err := os.Open(d.path(i))
	if err != nil {
		return Key{}, nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return Key{}, nil, err
	}
	h, prefix, err := readPrefix(f, buffer[:min(info.Size(), int64(len(buffer)))], info.Size())
	if err != nil {
		return Key{}, nil, err
	}
	key = h.key(prefix)
	if meta, err = h.checkPrefix(prefix[:h.prefix()], key); err == nil && key.id() != i {
		err = fmt.Errorf("%w: the file of another key", errDamaged)
	}
	return key, meta, err
}

// unnoted reports whether there is somebody who wants notes, and some are not made yet.
func (s *Store) unnoted(d *disk) bool {
	return s.noter.Load() != nil && d.walked.Load() && !d.hasNotes()
}

// hasNotes reports whether there are notes of all files.
func (d *disk) hasNotes() bool {
	select {
	case <-d.noted:
		return true
	default:
		return false
	}
}
