package assets

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"
)

const (
	// archiveEvery is how often the archive looks at what was left undone, and at ages.
	archiveEvery = 5 * time.Second
	// archiveGather is how long files are gathered: the first visitor of a build asks for many at once, and their list
	// is written once for all of them.
	archiveGather = time.Second
	// liveEvery is how exactly it is known when a build was live.
	liveEvery = time.Hour
)

// run does what is to be written, until ctx ends.
func (a *Archive) run(ctx context.Context) {
	defer close(a.done)
	ticker := time.NewTicker(archiveEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			a.work(ctx)
		case <-a.wake:
			select {
			case <-ctx.Done():
			case <-time.After(archiveGather):
				a.work(ctx)
			}
		}
	}
	if a.attach() {
		a.addLearnt() //nolint:contextcheck // what was learnt is kept though the process ends
		a.save()
	}
}

// work does all that there is to do. What fails is tried again later.
func (a *Archive) work(ctx context.Context) {
	if !a.attach() {
		return
	}
	if !a.swept {
		err := a.sweep()
		a.swept = err == nil
		a.note(err)
	}
	a.addLearnt() //nolint:contextcheck // it reads from the disk, and is soon done
	a.addSets(ctx)
	a.save()
	a.keepLive(time.Now())
	a.evict(a.olderThan(time.Now().Add(-time.Duration(a.maxAge.Load()))))
	a.evict(a.beyond(0, nil))
}

// keepLive notes that the newest build of each application that is served is live.
func (a *Archive) keepLive(now time.Time) {
	a.mu.Lock()
	var live []*archivedBuild
	for _, s := range a.spaces {
		if b := s.newest(); s.users > 0 && b != nil && now.Sub(b.last) > liveEvery {
			b.last = now
			live = append(live, b)
		}
	}
	a.mu.Unlock()
	for _, b := range live {
		a.note(os.Chtimes(a.listPath(b), now, now))
	}
}

// olderThan returns the builds that were not live since then.
func (a *Archive) olderThan(then time.Time) (old []*archivedBuild) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, b := range a.lists {
		if b.last.Before(then) {
			old = append(old, b)
		}
	}
	return old
}

// maxLearnt is how many learnt builds an application may have.
const maxLearnt = 100

// tooManyLearnt returns the learnt builds beyond the bound. Anybody may write any deployment into the address of a
// file, and Next.js answers all the same: those of which the fewest files were asked for go.
func (a *Archive) tooManyLearnt() []*archivedBuild {
	a.mu.RLock()
	defer a.mu.RUnlock()
	few := map[*archivedBuild]bool{} // several spaces may have one
	for _, s := range a.spaces {
		learnt := slices.DeleteFunc(slices.Clone(s.builds), func(b *archivedBuild) bool { return !b.isLearnt })
		slices.SortStableFunc(learnt, func(x, y *archivedBuild) int { return cmp.Compare(len(y.files), len(x.files)) })
		for _, b := range learnt[min(len(learnt), maxLearnt):] {
			few[b] = true
		}
	}
	return slices.Collect(maps.Keys(few))
}

// byAge returns all builds, the one that was live longest ago first. The caller holds the lock.
func (a *Archive) byAge() (builds []*archivedBuild) {
	for _, b := range a.lists {
		builds = append(builds, b)
	}
	slices.SortFunc(builds, func(x, y *archivedBuild) int { return x.last.Compare(y.last) })
	return builds
}

// fits reports whether there is room for more bytes.
func (a *Archive) fits(more int64) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.bytes+more <= a.size.Load()
}

// beyond returns the builds that have to go so that more bytes are within the bound: those that were live longest ago.
// keep is none of them.
func (a *Archive) beyond(more int64, keep *archivedBuild) (gone []*archivedBuild) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	excess := a.bytes + more - a.size.Load()
	if excess <= 0 {
		return nil
	}
	refs := map[*blob]int{} // of those that go
	for _, b := range a.byAge() {
		if excess <= 0 {
			break
		}
		if b == keep {
			continue
		}
		gone = append(gone, b)
		excess -= b.listSize
		for _, f := range b.files {
			if refs[f.blob]++; refs[f.blob] == f.blob.refs {
				excess -= f.blob.size
			}
		}
	}
	return gone
}

// evict removes builds, and the contents that no other has.
func (a *Archive) evict(builds []*archivedBuild) {
	for _, b := range builds {
		// The list goes first: a list whose contents are gone would be found after a kill.
		if err := os.Remove(a.listPath(b)); err != nil && !errors.Is(err, os.ErrNotExist) {
			a.note(err)
			continue
		}
		a.mu.Lock()
		a.remove(b)
		a.bytes -= b.listSize
		a.mu.Unlock()
		a.release(b)
		a.log.Debug("a build leaves the archive", zap.String("id", b.id), zap.Time("last", b.last))
	}
}

// release gives back the contents of a list that is not there any more.
func (a *Archive) release(b *archivedBuild) {
	a.mu.Lock()
	var unused []*blob
	for _, f := range b.files {
		f.blob.refs--
		if f.blob.refs == 0 && a.blobs[f.blob.sum] == f.blob {
			delete(a.blobs, f.blob.sum)
			a.bytes -= f.blob.size
			unused = append(unused, f.blob)
		}
	}
	a.mu.Unlock()
	for _, content := range unused {
		if err := os.Remove(filepath.Join(a.dir, content.name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			a.swept = false // it is tried again
			a.note(err)
		}
	}
}
