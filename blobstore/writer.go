package blobstore

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"sync"
)

// Writer stores an entry whose body comes in parts. It is for one goroutine, and ends by Commit or Abort; what is not
// committed leaves nothing.
type Writer struct {
	store  *Store
	change change
	disk   *disk
	file   *staging // nil while the body is small
	sum    uint32
	err    error // the first one
	ended  bool

	reserved int64 // of the bytes that writers hold in memory where there is no disk
}

// Create begins an entry. meta is copied.
func (s *Store) Create(key Key, meta []byte) (*Writer, error) {
	return s.create(ownKey(key), meta, nil)
}

// create is Create for a key that the store owns. claim is that of the key, nil for one from now on.
func (s *Store) create(key Key, meta []byte, claimed *claim) (*Writer, error) {
	if s.closed.Load() {
		return nil, fmt.Errorf("creating an entry: %w", ErrClosed)
	}
	c := change{key: key, id: key.id(), claim: claimed, meta: bytes.Clone(meta), body: []byte{}, keep: true, tell: true}
	d := s.disk.Load()
	if err := s.admits(d, c); err != nil {
		s.count(err)
		return nil, fmt.Errorf("creating an entry: %w", err)
	}
	if c.claim == nil {
		c.claim = s.claims.add(c.id)
	}
	return &Writer{store: s, change: c, disk: d}, nil
}

// Write appends to the body. After an error the entry cannot be committed.
func (w *Writer) Write(data []byte) (int, error) {
	if w.ended {
		return 0, fmt.Errorf("writing an entry: %w", errEnded)
	}
	if w.err == nil {
		w.err = w.append(data)
	}
	if w.err != nil {
		return 0, fmt.Errorf("writing an entry: %w", w.err)
	}
	return len(data), nil
}

func (w *Writer) append(data []byte) error {
	w.change.size += int64(len(data))
	if err := w.store.admits(w.disk, w.change); err != nil {
		return err
	}
	if w.disk == nil {
		if err := w.reserve(int64(len(data))); err != nil {
			return err
		}
	}
	if w.disk == nil || w.change.size <= smallBody {
		w.change.body = append(w.change.body, data...)
		return nil
	}
	if w.file == nil {
		if err := w.spill(); err != nil {
			return err
		}
	}
	w.sum = crc32.Update(w.sum, castagnoli, data)
	return w.file.write(data)
}

// reserve bounds the bytes that all writers together hold in memory where there is no disk.
func (w *Writer) reserve(n int64) error {
	w.reserved += n
	if w.store.writing.Add(n) > w.store.memoryForWriters() {
		return fmt.Errorf("%w: as much as Memory allows is being written at this moment", ErrRefused)
	}
	return nil
}

// memoryForWriters is that bound, in bytes: without memory, what waits for the tier behind is bounded alike.
func (s *Store) memoryForWriters() int64 {
	if bound := s.memory.bound.Load(); bound > 0 {
		return bound
	}
	return s.settings.BehindQueue
}

// end gives back what the writer holds.
func (w *Writer) end() {
	w.ended = true
	w.store.writing.Add(-w.reserved)
	w.store.claims.end(w.change.claim)
}

// spill moves what is in memory to a file.
func (w *Writer) spill() (err error) {
	if w.file, err = w.disk.stage(); err != nil {
		return err
	}
	// The head is known at the end.
	if err := w.file.write(make([]byte, prefixSize(w.change.key, w.change.meta))); err != nil {
		return err
	}
	body := w.change.body
	w.change.body, w.change.keep = nil, false
	w.sum = crc32.Checksum(body, castagnoli)
	return w.file.write(body)
}

// Commit stores the entry in place of what the key had. The error says why it is not on disk, and may be ignored; what
// the key had before is gone in any case, unless it is ErrDeleted: then the key was deleted, and perhaps stored again,
// since Create.
func (w *Writer) Commit() error {
	if w.ended {
		return fmt.Errorf("storing an entry: %w", errEnded)
	}
	defer w.end()
	if err := w.commit(); err != nil {
		return fmt.Errorf("storing an entry: %w", err)
	}
	return nil
}

func (w *Writer) commit() error {
	if w.err == nil && w.file == nil {
		return w.store.put(w.change)
	}
	if w.err == nil {
		prefix := appendPrefix(nil, w.change.key, w.change.meta, w.change.size, w.sum)
		w.err = w.file.seal(prefix)
	}
	if w.err != nil { // what there is of the body is not all of it
		w.change.body, w.change.keep = nil, false
	}
	return w.store.replace(w.change, w.disk, w.file, w.err)
}

// Abort gives the entry up and leaves what the key had. After Commit it does nothing.
func (w *Writer) Abort() {
	if w.ended {
		return
	}
	w.store.count(w.err)
	w.file.discard()
	w.end()
}

// claim is an entry in the making that a Delete makes void.
type claim struct {
	id   id
	void bool // guarded by the lock of the key
}

func (c *claim) voided() bool { return c != nil && c.void }

// claims are those of a store.
type claims struct {
	mu   sync.Mutex
	open map[*claim]struct{}
}

func (c *claims) add(i id) *claim {
	added := &claim{id: i}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[*claim]struct{})
	}
	c.open[added] = struct{}{}
	return added
}

func (c *claims) end(one *claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, one)
}

// void makes the claims of some keys void. The caller holds the locks of these keys.
func (c *claims) void(of func(id) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for one := range c.open {
		if of(one.id) {
			one.void = true
		}
	}
}
