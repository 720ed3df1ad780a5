package blobstore

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// walkBatch is how many files a walk sorts at once: 12 MB. Where there are more, they are in order batch by batch.
const walkBatch = 1 << 18

// maintain is the background work of a directory: it gathers the sizes of an earlier run, removes what was deleted or
// is of no use, and makes the notes of files of an earlier run.
func (s *Store) maintain(d *disk) {
	if err := d.retireVersions(); err != nil {
		d.writes.failed(err) // the next Open tries again
	}
	pause := s.settings.retry
	for s.ctx.Err() == nil {
		done := d.walked.Load() || s.gather(d)
		if err := d.emptyTrash(s.ctx); err != nil {
			d.writes.failed(err)
			done = false
		}
		if d.orphans.Load() && !d.writes.failing.Load() {
			done = s.removeOrphans(d) && done
		}
		if s.unnoted(d) {
			done = s.noteFiles(d) && done
		}
		var again <-chan time.Time
		if !done {
			again = time.After(pause)
			pause = min(2*pause, maxPauses*s.settings.retry)
		}
		select {
		case <-s.ctx.Done():
		case <-d.wake:
		case <-again:
		}
	}
}

// maxPauses is how much longer the pause after many walks that failed is than the first one.
const maxPauses = 64

// gather makes the files of an earlier run known to the index, oldest first, so that these are the first to be evicted.
// It reports whether all of them are: until then a key that the index does not know is looked for on disk, and what was
// deleted meanwhile is remembered.
func (s *Store) gather(d *disk) bool {
	if s.settings.beforeWalk != nil {
		s.settings.beforeWalk()
	}
	adopt := func(i id) {
		s.locked(i.groupID, func() { d.adopt(i) })
		s.removeEvicted(d)
	}
	err := d.walk(s.ctx, adopt)
	d.index.settle()
	s.removeEvicted(d)
	if err != nil {
		d.reads.failed(err)
	}
	if err != nil || s.ctx.Err() != nil {
		return false
	}
	d.walked.Store(true)
	d.tombstones.settle()
	return true
}

// removeOrphans removes the files that are not in the index, and reports whether it has come to all of them.
func (s *Store) removeOrphans(d *disk) bool {
	d.orphans.Store(false)
	err := d.walk(s.ctx, func(i id) {
		s.locked(i.groupID, func() {
			if d.index.peek(i) == nil {
				d.remove(i)
			}
		})
	})
	if err != nil {
		d.reads.failed(err)
		d.orphans.Store(true)
	}
	return err == nil
}

// removeEvicted removes the files of what the index has evicted.
func (s *Store) removeEvicted(d *disk) {
	for {
		i, ok := d.index.nextEvicted()
		if !ok {
			return
		}
		s.locked(i.groupID, func() {
			if d.index.peek(i) == nil { // not put again meanwhile
				d.remove(i)
			}
		})
	}
}

// walk visits all files of entries, oldest first, until ctx ends. It looks at names and times only. The error joins
// those of directories that cannot be read.
func (d *disk) walk(ctx context.Context, visit func(id)) error {
	type file struct {
		id   id
		time int64
	}
	var batch []file
	flush := func() {
		slices.SortFunc(batch, func(a, b file) int { return cmp.Compare(a.time, b.time) })
		for _, f := range batch {
			if ctx.Err() != nil {
				return
			}
			visit(f.id)
		}
		batch = batch[:0]
	}
	var errs error
	list := func(dir string) []os.DirEntry {
		found, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
		return found
	}
	entries := filepath.Join(d.dir, entriesDir)
	for _, spaceDir := range list(entries) {
		space, ok := parseSpace(spaceDir.Name())
		if !ok || !spaceDir.IsDir() {
			continue // not ours
		}
		for _, fan := range list(filepath.Join(entries, spaceDir.Name())) {
			if ctx.Err() != nil {
				return errs
			}
			if !fan.IsDir() {
				continue // nor is this
			}
			for _, found := range list(filepath.Join(entries, spaceDir.Name(), fan.Name())) {
				group, name, ok := parseName(fan.Name(), found.Name())
				if !ok {
					continue
				}
				switch info, err := found.Info(); {
				case err == nil:
					batch = append(batch, file{id{groupID{space, group}, name}, info.ModTime().UnixNano()})
				case !errors.Is(err, fs.ErrNotExist): // otherwise it is gone by now
					errs = errors.Join(errs, err)
				}
			}
			if len(batch) >= walkBatch {
				flush()
			}
		}
	}
	flush()
	return errs
}

// emptyTrash removes the spaces that were deleted, part by part until ctx ends.
func (d *disk) emptyTrash(ctx context.Context) error {
	trash := filepath.Join(d.dir, "trash")
	spaces, err := os.ReadDir(trash)
	for _, space := range spaces {
		dir := filepath.Join(trash, space.Name())
		parts, _ := os.ReadDir(dir) // what cannot be listed cannot be removed either, which is an error
		for _, part := range parts {
			if ctx.Err() != nil {
				return err
			}
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, part.Name())))
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}
