package blobstore

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"go.uber.org/zap"
)

// fromDisk finds an entry on disk, and keeps a small one in memory, as the policy admits. Nil: it is not there.
func (s *Store) fromDisk(ctx context.Context, key Key) *Entry {
	d := s.disk.Load()
	if d == nil {
		return nil
	}
	i := key.id()
	r, ok := d.index.use(i)
	if !ok {
		if r = s.adopt(d, i); r == nil {
			return nil
		}
	}
	e := s.read(ctx, d, key, i, r)
	if e != nil && e.body != nil {
		s.promote(d, key, e, r)
	}
	s.removeEvicted(d) // reads adapt the policy too
	return e
}

// load reads the body of an entry on disk for the tier behind, without counting as a hit.
func (s *Store) load(ctx context.Context, key Key) (meta, body []byte, ok bool) {
	d := s.disk.Load()
	if d == nil {
		return nil, nil, false
	}
	i := key.id()
	r := d.index.peek(i)
	if r == nil {
		return nil, nil, false
	}
	e := s.read(ctx, d, key, i, r)
	if e == nil {
		return nil, nil, false
	}
	defer func() { _ = e.Close() }()
	body, err := e.ReadAll()
	return e.meta, body, err == nil
}

// adopt finds the record of a key that was not in the index a moment ago: it notes a file of an earlier run that the
// walk has not come to yet. Nil: there is none, or its key was deleted since.
func (s *Store) adopt(d *disk, i id) (r *record) {
	if d.walked.Load() {
		return d.index.peek(i) // the walk may have come to it since
	}
	s.locked(i.groupID, func() { r = d.adopt(i) })
	return r
}

// read opens an entry by the record of its file. Nil: it cannot be had.
func (s *Store) read(ctx context.Context, d *disk, key Key, i id, r *record) *Entry {
	e, err := d.open(ctx, key, i, r)
	switch {
	case err == nil:
		d.reads.worked()
		return e
	case errors.Is(err, errDamaged):
		s.locked(i.groupID, func() {
			if d.index.peek(i) == r { // not replaced meanwhile
				s.damaged.Add(1)
				s.settings.Logger.Debug("removing a damaged entry of the store",
					zap.String("space", key.Space), zap.String("name", key.Name), zap.Error(err))
				d.drop(i)
			}
		})
	case errors.Is(err, fs.ErrNotExist):
		s.locked(i.groupID, func() {
			if d.index.peek(i) == r {
				d.index.forget(i)
			}
		})
	case ctx.Err() != nil: // the caller has no time for it
	default:
		d.reads.failed(err)
	}
	return nil
}

// promote keeps what was read in memory if it is still what the key stands for. It waits for nobody: a lock that is
// taken means that the key, or one beside it, is being changed.
func (s *Store) promote(d *disk, key Key, e *Entry, r *record) {
	lock := s.lock(e.id.groupID)
	if s.memory == nil || !lock.TryLock() {
		return
	}
	defer lock.Unlock()
	if s.closed.Load() || d.index.peek(e.id) != r {
		return
	}
	s.memory.set(ownKey(key), &Entry{id: e.id, meta: e.meta, body: e.body, size: e.size, fromMemory: true, note: r.note.Load()})
}

// ownKey is a key that does not hold on to the request that its texts were cut from.
func ownKey(key Key) Key {
	return Key{strings.Clone(key.Space), strings.Clone(key.Group), strings.Clone(key.Name)}
}

// fromBehind asks the tier behind and keeps what it has. Nil: it has nothing.
func (s *Store) fromBehind(ctx context.Context, key Key) *Entry {
	if s.behind == nil {
		return nil
	}
	// What is deleted while the tier answers is not stored.
	claim := s.claims.add(key.id())
	defer s.claims.end(claim)
	meta, body, ok := s.behind.ask(ctx, key)
	if !ok {
		return nil
	}
	if body == nil {
		body = []byte{}
	}
	_ = s.put(change{key: ownKey(key), id: claim.id, meta: meta, body: body, size: int64(len(body)), claim: claim, keep: true}) // it is served all the same
	return &Entry{id: claim.id, meta: meta, body: body, size: int64(len(body))}
}
