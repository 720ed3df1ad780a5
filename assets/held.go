package assets

import (
	"errors"
	"os"
	"sync/atomic"
)

// heldFiles is how many files the process holds open.
var heldFiles atomic.Int64

// HeldFiles returns how many files of builds and exports the process holds open.
func HeldFiles() int64 { return heldFiles.Load() }

// hold keeps a file open, so that it can be served after it has been removed from its directory. Half of the files that
// the process may have open are left to connections and to everybody else; what is beyond is not held.
func (s *Set) hold(f *file) {
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
	s.held++
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
		_ = s.giveBack() // files were only read
	}
}

// Close gives back what the set holds, once the last request that uses it has ended. Later ones are not served from it.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) || s.users > 0 {
		return nil
	}
	return s.giveBack()
}

// giveBack closes the files and directories, and forgets what is in memory.
func (s *Set) giveBack() error {
	var errs []error
	for _, f := range s.files {
		s.forget(f)
		if f.held != nil {
			errs = append(errs, f.held.Close())
		}
	}
	heldFiles.Add(-int64(s.held))
	for _, root := range []*os.Root{s.static, s.public} {
		if root != nil {
			errs = append(errs, root.Close())
		}
	}
	return errors.Join(errs...)
}
