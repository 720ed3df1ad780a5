package assets

import (
	"os"
	"sync/atomic"
)

// heldFiles is how many files the process holds open.
var heldFiles atomic.Int64

// HeldFiles returns how many files of builds and exports the process holds open.
func HeldFiles() int64 { return heldFiles.Load() }

// hold keeps a file open, so that it can be served after it has been removed from its directory. Half of the files that
// the process may have open are left to connections and to everybody else; what is beyond is not held.
func (x *Index) hold(f *file) {
	if heldFiles.Add(1) > openFilesLimit()/2 {
		heldFiles.Add(-1)
		return
	}
	opened, err := f.open()
	if err != nil || opened == nil {
		heldFiles.Add(-1)
		return
	}
	f.held = opened
	x.held++
}

// heldAsItWas returns the file that is held, unless somebody has written over it.
func (f *file) heldAsItWas() *os.File {
	if f.held == nil || !f.isSame(f.held) {
		return nil
	}
	return f.held
}

// Acquire keeps what is held for one request, until Release. It is false when that has been given back.
func (s *Set) Acquire() bool { return s.acquire(func() bool { return !s.closed.Load() }) }

// acquireHeld does the same also for a set that is closed and has other users.
func (s *Set) acquireHeld() bool {
	return s.acquire(func() bool { return !s.closed.Load() || s.users > 0 })
}

func (s *Set) acquire(may func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !may() {
		return false
	}
	s.users++
	return true
}

// Release ends what Acquire began.
func (s *Set) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if s.closed.Load() && s.users == 0 {
		_ = s.free() // files were only read
	}
}

// Close gives back what the set holds, once the last request that uses it has ended. Later ones are not served from it.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) || s.users > 0 {
		return nil
	}
	return s.free()
}

// free forgets what is in memory, and gives back the index.
func (s *Set) free() error {
	for i := range s.kept {
		s.forget(&s.kept[i])
	}
	return s.index.Close()
}
