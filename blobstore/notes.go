package blobstore

import (
	"context"
	"iter"
)

// Note is what the user of a store wants to know of an entry without opening it. It is in memory for as long as the
// entry is kept, 32 bytes and a text. It is not written to disk: it is made of the key and the meta, which are.
type Note struct {
	Text  string
	Since uint64
	Until int64
}

// NotedGroup tells the groups of a space apart: the entries of one have the same.
type NotedGroup half

// Noter makes the note of an entry; nil: there is nothing to note. It must not keep meta, and may be called from many
// goroutines at once.
type Noter func(key Key, meta []byte) *Note

// noNote is the note of an entry of which the Noter has none, so that it is not asked again.
var noNote = new(Note)

// SetNoter has notes made of what is stored from now on, and in the background of what is on disk from earlier. What
// was put into memory alone before has none. It is called once.
func (s *Store) SetNoter(noter Noter) {
	s.noter.Store(&noter)
	if d := s.disk.Load(); d != nil {
		d.wakeMaintenance()
	}
}

// noteOf makes the note of an entry; nil: nobody wants any.
func (s *Store) noteOf(key Key, meta []byte) *Note {
	noter := s.noter.Load()
	if noter == nil {
		return nil
	}
	if note := (*noter)(key, meta); note != nil {
		return note
	}
	return noNote
}

// Notes are those of the entries of a space, with their groups. One that is in memory and on disk comes twice. No
// lock is held while they are handed out, so an entry that comes or goes meanwhile may be among them or not.
func (s *Store) Notes(space string) iter.Seq2[NotedGroup, *Note] {
	return func(yield func(NotedGroup, *Note) bool) {
		of := hashOf(space)
		if d := s.disk.Load(); d != nil {
			for i, r := range d.index.cache.All() {
				if i.space != of {
					continue
				}
				if note := r.note.Load(); note != nil && note != noNote && !yield(NotedGroup(i.group), note) {
					return
				}
			}
		}
		for e := range s.memory.cache.Values() {
			if e.id.space == of && e.note != nil && e.note != noNote && !yield(NotedGroup(e.id.group), e.note) {
				return
			}
		}
	}
}

// AwaitNotes waits until there are notes of all that is on disk, and reports whether that is so when ctx ends.
func (s *Store) AwaitNotes(ctx context.Context) bool {
	d := s.disk.Load()
	if d == nil {
		return true
	}
	select {
	case <-d.noted:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return d.hasNotes()
}
