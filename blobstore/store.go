package blobstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Reasons why an entry is not stored.
var (
	ErrRefused = errors.New("refused")                        // too large, or no room to write
	ErrDeleted = errors.New("deleted while it was written")   // its key, group or space
	ErrClosed  = errors.New("the store is closed")            // by Close
	errHeld    = errors.New("it is held by another process")  // of a directory
	errEnded   = errors.New("the entry is committed or gone") // of a Writer
)

// stripes is the number of locks that the groups share.
const stripes = 64

// Store keeps entries. It may be used from many goroutines at once.
type Store struct {
	settings   Settings
	size       atomic.Int64 // of Settings, or of SetLimits
	memory     *memory
	disk       atomic.Pointer[disk]  // nil in memory only
	tombstones *tombstones           // nil without a directory
	behind     *behind               // nil without one
	noter      atomic.Pointer[Noter] // nil: nobody wants notes
	locks      [stripes]sync.Mutex
	claims     claims
	closed     atomic.Bool // set with all locks held
	ctx        context.Context
	stop       context.CancelFunc
	tasks      sync.WaitGroup

	writing atomic.Int64 // bytes that writers hold in memory where there is no disk

	diskHits, misses, refused, failed, damaged atomic.Uint64
}

// Open opens a store. A directory that cannot be used is not an error: the store works in memory, says so once, and
// tries again until it is closed. The error is about the settings.
func Open(settings Settings) (*Store, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, fmt.Errorf("settings of a store: %w", err)
	}
	s := &Store{settings: settings}
	s.size.Store(settings.Size)
	if s.memory, err = newMemory(settings.Memory); err != nil {
		return nil, fmt.Errorf("making the memory of a store: %w", err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if settings.Behind != nil {
		s.behind = newBehind(settings, s.load)
		s.tasks.Go(func() { s.behind.work(s.ctx) })
	}
	if settings.Dir != "" {
		s.tombstones = &tombstones{}
		s.attachOrRetry()
	}
	return s, nil
}

// Close ends the store: its goroutines have ended and its directory is free for others when it returns. Entries that
// were got stay readable; what is being written is not stored, and what was not yet told to the tier behind is not
// told.
func (s *Store) Close() error {
	s.lockAll()
	again := s.closed.Swap(true)
	s.unlockAll()
	if again {
		return nil
	}
	s.stop()
	s.tasks.Wait()
	s.memory.clear()
	if d := s.disk.Load(); d != nil {
		return d.close()
	}
	return nil
}

// Get finds an entry: in memory, on disk, behind. The caller closes it. Whatever goes wrong is a miss; ctx bounds the
// time it may take on disk and behind.
func (s *Store) Get(ctx context.Context, key Key) (*Entry, bool) {
	if s.closed.Load() {
		return nil, false
	}
	if e, ok := s.memory.get(key); ok {
		if d := s.disk.Load(); d != nil {
			d.index.use(e.id)
		}
		return e, true
	}
	if e := s.fromDisk(ctx, key); e != nil {
		s.diskHits.Add(1)
		return e, true
	}
	if e := s.fromBehind(ctx, key); e != nil {
		return e, true
	}
	s.misses.Add(1)
	return nil, false
}

// Delete removes an entry from all tiers. A Writer that was created for the key before can no longer commit.
func (s *Store) Delete(key Key) {
	i := key.id()
	s.locked(i.groupID, func() {
		// First of all: who asks the tier from here on either has a claim that is voided below, or sees that the tier
		// is to be told.
		s.behind.tell(job{key: key, verb: deleteKey})
		s.claims.void(func(of id) bool { return of == i })
		s.memory.remove(key)
		if d := s.disk.Load(); d != nil {
			d.drop(i)
		} else {
			s.tombstones.add(i)
		}
	})
}

// DeleteGroup removes all entries of a group from all tiers, those of an earlier run too. A Writer that was created
// for the group before can no longer commit. It looks at every key in memory and removes the files of the group one
// by one; keys of most other groups can be changed meanwhile. It returns how many entries there were in memory or on
// disk.
func (s *Store) DeleteGroup(space, group string) (deleted int) {
	whole := Key{Space: space, Group: group}
	g := whole.groupID()
	s.locked(g, func() {
		s.behind.tell(job{key: whole, verb: deleteGroup}) // first of all, as in Delete
		s.claims.void(func(of id) bool { return of.groupID == g })
		deleted = s.memory.removeGroup(space, group)
		if d := s.disk.Load(); d != nil {
			deleted = max(deleted, d.dropGroup(g))
		} else {
			s.tombstones.addGroup(g)
		}
	})
	return deleted
}

// DeleteSpace removes all entries of a space from all tiers, those of an earlier run too. A Writer that was created for
// the space before can no longer commit.
func (s *Store) DeleteSpace(space string) {
	h := hashOf(space)
	s.lockAll()
	defer s.unlockAll()
	if s.closed.Load() {
		return
	}
	s.behind.tell(job{key: Key{Space: space}, verb: deleteSpace}) // first of all, as in Delete
	s.claims.void(func(of id) bool { return of.space == h })
	s.memory.removeSpace(space)
	if d := s.disk.Load(); d != nil {
		d.dropSpace(h)
	} else {
		s.tombstones.addSpace(h)
	}
}

// lock is the lock of a group, and so that of its keys. Groups whose files share a directory share a lock: see
// dropGroup.
func (s *Store) lock(g groupID) *sync.Mutex { return &s.locks[(g.space[0]^g.group[0])%stripes] }

// locked does something under the lock of a group, unless the store is closed.
func (s *Store) locked(g groupID, do func()) bool {
	lock := s.lock(g)
	lock.Lock()
	defer lock.Unlock()
	if s.closed.Load() {
		return false
	}
	do()
	return true
}

func (s *Store) lockAll() {
	for i := range s.locks {
		s.locks[i].Lock()
	}
}

func (s *Store) unlockAll() {
	for i := range s.locks {
		s.locks[i].Unlock()
	}
}
