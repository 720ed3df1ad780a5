package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// staging is a file that is being written. It ends by publish or discard.
type staging struct {
	disk *disk
	file *os.File
	size int64 // reserved of the bytes that may be written at once
	done bool
}

// stage begins a file.
func (d *disk) stage() (*staging, error) {
	tmp := filepath.Join(d.dir, "tmp")
	f, err := os.CreateTemp(tmp, "")
	if errors.Is(err, fs.ErrNotExist) { // somebody has cleared the directory
		if err = os.MkdirAll(tmp, 0o700); err == nil {
			f, err = os.CreateTemp(tmp, "")
		}
	}
	if err != nil {
		d.wrote(err)
		return nil, fmt.Errorf("creating a file: %w", err)
	}
	return &staging{disk: d, file: f}, nil
}

// write appends to the file. An ErrRefused says that too much is being written at once.
func (s *staging) write(data []byte) error {
	n := int64(len(data))
	if s.disk.writing.Add(n) > s.disk.index.bound.Load() {
		s.disk.writing.Add(-n)
		return fmt.Errorf("%w: as much as Size allows is being written at this moment", ErrRefused)
	}
	s.size += n
	if _, err := s.file.Write(data); err != nil {
		s.disk.wrote(err)
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// seal puts what comes before the body over the bytes that were kept free for it, and ends the writing.
func (s *staging) seal(prefix []byte) error {
	if _, err := s.file.WriteAt(prefix, 0); err != nil {
		s.disk.wrote(err)
		return fmt.Errorf("writing the head of a file: %w", err)
	}
	return s.close()
}

// close ends the writing. Some file systems say only here that they are full.
func (s *staging) close() error {
	if err := s.file.Close(); err != nil {
		s.disk.wrote(err)
		return fmt.Errorf("closing a file: %w", err)
	}
	return nil
}

// publish makes the file that of a key. The caller holds the lock of the key.
func (s *staging) publish(i id, note *Note) error {
	path := s.disk.path(i)
	err := os.Rename(s.file.Name(), path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Rename(s.file.Name(), path)
		}
	}
	s.disk.wrote(err)
	if err != nil {
		return fmt.Errorf("putting a file in its place: %w", err)
	}
	r := &record{blocks: blocksOf(s.size)}
	r.verified.Store(true)
	r.note.Store(note)
	s.disk.index.set(i, r)
	s.end()
	return nil
}

// discard removes the file, unless it was published. A nil one has none.
func (s *staging) discard() {
	if s == nil || s.done {
		return
	}
	_ = s.file.Close() // it may be closed
	if err := os.Remove(s.file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.disk.writes.failed(err) // the next Open removes it
	}
	s.end()
}

func (s *staging) end() {
	s.done = true
	s.disk.writing.Add(-s.size)
}
