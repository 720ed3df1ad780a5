package assets

import (
	"errors"
	"os"
	"sync/atomic"
)

// heldFiles is how many files of exports the process holds open.
var heldFiles atomic.Int64

// HeldFiles returns how many files of exports the process holds open.
func HeldFiles() int64 { return heldFiles.Load() }

// hold keeps a file open, so that it can be served after it has been removed from its directory. Half of the files that the process may
// have open are left to connections and to everybody else; what is beyond is not held.
func (x *Export) hold(path string, f *file) {
	if heldFiles.Add(1) > openFilesLimit()/2 {
		heldFiles.Add(-1)
		return
	}
	opened, err := f.open()
	if err != nil || opened == nil {
		heldFiles.Add(-1)
		return
	}
	x.held[path] = opened
}

// heldFile returns a file that is held, unless somebody has written over it.
func (x *Export) heldFile(path string) *os.File {
	f, opened := x.set.files[path], x.held[path]
	if opened == nil {
		return nil
	}
	if info, err := opened.Stat(); err != nil || info.Size() != f.size || !info.ModTime().Equal(f.modTime) {
		return nil
	}
	return opened
}

// closeFiles closes the files that are held, and the set.
func (x *Export) closeFiles() error {
	var errs []error
	for _, opened := range x.held {
		errs = append(errs, opened.Close())
	}
	heldFiles.Add(-int64(len(x.held)))
	return errors.Join(append(errs, x.set.Close())...)
}
