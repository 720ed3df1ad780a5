package blobstore

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
)

// change is an entry that is to be stored.
type change struct {
	key   Key
	id    id
	meta  []byte
	body  []byte // nil if it is in a file already
	size  int64  // of the body
	claim *claim // nil, or what Delete makes void
	keep  bool   // body belongs to the store and may be kept
	tell  bool   // the tier behind is told
	note  *Note  // set by replace
}

// Put stores an entry in place of what the key had. meta and body are copied where they are kept. The error says why it
// is not on disk, and may be ignored; what the key had before is gone in any case.
func (s *Store) Put(ctx context.Context, key Key, meta, body []byte) error {
	return s.putClaimed(ctx, ownKey(key), meta, body, nil)
}

// putClaimed is Put for a key that the store owns. claim is nil, or what Delete makes void.
func (s *Store) putClaimed(ctx context.Context, key Key, meta, body []byte, claim *claim) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storing an entry: %w", err)
	}
	c := change{key: key, id: key.id(), meta: meta, body: body, size: int64(len(body)), claim: claim, tell: true}
	if err := s.put(c); err != nil {
		return fmt.Errorf("storing an entry: %w", err)
	}
	return nil
}

// put stores a body that is in memory.
func (s *Store) put(c change) error {
	d := s.disk.Load()
	err := s.admits(d, c)
	if err == nil && !c.keep && (c.size <= s.memory.largest(d != nil) || d == nil && s.behind.takes(c.size)) {
		c.keep = true
		c.meta, c.body = append([]byte{}, c.meta...), append([]byte{}, c.body...)
	}
	var file *staging
	if err == nil && d != nil {
		file, err = d.stageWhole(c)
	}
	return s.replace(c, d, file, err)
}

// stageWhole writes an entry whose body is in memory.
func (d *disk) stageWhole(c change) (*staging, error) {
	data := make([]byte, 0, prefixSize(c.key, c.meta)+min(c.size, smallBody))
	data = appendPrefix(data, c.key, c.meta, c.size, crc32.Checksum(c.body, castagnoli))
	parts := [][]byte{data, c.body}
	if c.size <= smallBody { // one system call for both
		parts = [][]byte{append(data, c.body...)}
	}
	file, err := d.stage()
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if err == nil {
			err = file.write(part)
		}
	}
	if err == nil {
		err = file.close()
	}
	return file, err
}

// admits says why an entry is refused, for whatever tiers there are.
func (s *Store) admits(d *disk, c change) error {
	size := prefixSize(c.key, c.meta) + c.size
	switch {
	case size-c.size-headSize > largestText:
		return fmt.Errorf("%w: key and meta have more than %d bytes", ErrRefused, largestText)
	case d != nil && !d.index.fits(size):
		return fmt.Errorf("%w: %d bytes, Size allows %d", ErrRefused, size, d.index.bound.Load())
	case d == nil && c.size > s.memory.largest(false) && !s.behind.takes(c.size):
		return fmt.Errorf("%w: %d bytes, in memory only up to %d are kept", ErrRefused, c.size, s.memory.largest(false))
	}
	return nil
}

// replace puts an entry in place of what the key had, in all tiers. file is its file on d, err why there is none.
func (s *Store) replace(c change, d *disk, file *staging, err error) error {
	defer file.discard()
	c.note = s.noteOf(c.key, c.meta)
	open := s.locked(c.id.groupID, func() {
		if c.claim.voided() {
			err = ErrDeleted
			return
		}
		now := s.disk.Load() // not d, if it was attached meanwhile
		if err == nil && file != nil {
			err = file.publish(c.id, c.note)
		}
		switch {
		case now == nil:
			s.tombstones.add(c.id)
		case err != nil || file == nil:
			now.drop(c.id)
		}
		if c.keep && !errors.Is(err, ErrRefused) && c.size <= s.memory.largest(now != nil) {
			kept := &Entry{id: c.id, meta: c.meta, body: c.body, size: c.size, fromMemory: true, note: c.note}
			s.memory.set(c.key, kept)
		} else {
			s.memory.remove(c.key)
		}
		if c.tell {
			s.behind.tell(c.job(err == nil && file != nil))
		}
	})
	if !open {
		err = ErrClosed
	}
	s.count(err)
	if d != nil {
		d.index.settle()
		s.removeEvicted(d)
	}
	return err
}

// count counts why an entry is not stored.
func (s *Store) count(err error) {
	switch {
	case err == nil, errors.Is(err, ErrClosed), errors.Is(err, ErrDeleted):
	case errors.Is(err, ErrRefused):
		s.refused.Add(1)
	default:
		s.failed.Add(1)
	}
}

// job is what the tier behind is told. Where there is no body to tell, it must at least forget the one before.
func (c change) job(onDisk bool) job {
	j := job{key: c.key, size: c.size}
	switch {
	case c.keep:
		j.meta, j.body = c.meta, c.body
	case !onDisk:
		j.verb = deleteKey
	}
	return j
}
