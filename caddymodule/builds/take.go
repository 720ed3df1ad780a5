package builds

import (
	"fmt"

	"go.uber.org/zap"
)

// outcome is what a subscriber has done with a build that is to be taken.
type outcome uint8

const (
	took          outcome = iota
	hasIt                 // it is served from it already
	refused               // its site has no place for it
	refusedBefore         // likewise, and it was not asked again
)

// await has a build be the one that waits. nil: none does any more.
func (s *Subscription) await(fresh *Build) {
	before := s.beside.Load()
	next := &beside{last: before.last}
	if fresh != nil {
		next.waiting = fresh.snapshot(s.settings)
	}
	s.beside.Store(next)
	s.closeAll(before.waiting)
}

// take has the subscriber be served from the build that waits. The one before stays beside it for the pages that are
// open, also while the subscriber changes over.
func (s *Subscription) take(fresh *Build) outcome {
	switch {
	case s.refused != nil && s.refused.hash == fresh.Hash:
		s.await(nil)
		s.setNote(s.refused.note())
		return refusedBefore
	case s.now != nil && s.now.Hash == fresh.Hash:
		s.await(nil) // it has begun with it
		s.setNote("")
		return hasIt
	}
	before := s.beside.Load()
	next, replaced := before.waiting, s.now
	during := &beside{waiting: next, last: before.last}
	if replaced != nil && replaced.Export == nil {
		during.last = append([]*Snapshot{replaced}, before.last...)
	}
	s.beside.Store(during)
	if err := s.options.Take(next); err != nil {
		err = fmt.Errorf("placing the zones: %w", err)
		s.refused = &refusal{fresh.Hash, err}
		s.beside.Store(&beside{last: before.last})
		s.closeAll(next)
		s.refuse(err)
		return refused
	}
	s.now, s.refused = next, nil
	s.setNote("")
	s.missing.Store(nil)
	s.replace(replaced, before.last)
	return took
}

// replace keeps the build before, and closes the one before that. Pages of an export and their files are replaced
// together.
func (s *Subscription) replace(replaced *Snapshot, last []*Snapshot) {
	if replaced != nil && replaced.Export != nil {
		s.beside.Store(&beside{})
		s.closeAll(append(last, replaced)...)
		return
	}
	after := &beside{}
	if replaced != nil {
		after.last = []*Snapshot{replaced}
	}
	s.beside.Store(after)
	s.closeAll(last...)
}

// refuse notes and says why a build is not taken.
func (s *Subscription) refuse(err error) {
	s.setNote(refusal{err: err}.note())
	s.options.Refused()
	s.log.Warn("build not taken, the last one stays if there is one", zap.String("zone", s.label), zap.Error(err))
}

func (r refusal) note() string { return "a new build is not taken: " + r.err.Error() }

func (s *Subscription) setNote(note string) { s.note.Store(&note) }

func (s *Subscription) closeAll(list ...*Snapshot) {
	if err := closeAll(list...); err != nil {
		s.log.Warn("closing the files of a build", zap.Error(err))
	}
}

// maxUnreadSaid bounds how many folders a warning names.
const maxUnreadSaid = 10

// warnOfUnread says once, when a build is read, which of its files the edge cannot serve because it cannot read them.
func (s *Subscription) warnOfUnread(b *Build) {
	var errs []string
	if b.Export == nil {
		for _, unread := range b.Unread {
			errs = append(errs, unread.Err.Error())
		}
		for _, err := range b.index.Unread() {
			errs = append(errs, err.Error())
		}
	}
	if len(errs) == 0 {
		return
	}
	s.log.Warn("files of the build cannot be read, so Next.js answers for them; "+
		"let this process read the folders, and reload",
		zap.String("zone", s.label), zap.Int("folders", len(errs)),
		zap.Strings("errors", errs[:min(len(errs), maxUnreadSaid)]))
}
