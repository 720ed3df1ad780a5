package assets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"
)

// setJob is a build that is to be copied.
type setJob struct {
	space      *Space
	deployment string
	set        *Set
}

// Add has the archive copy the files of a build that is served. deployment is the id that Next.js says in ?dpl=, "" if
// it says none. Where the disk is full, or the directory cannot be written, it is tried again as long as the set is
// open.
func (a *Archive) Add(space *Space, deployment string, s *Set) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sets = slices.DeleteFunc(a.sets, func(other setJob) bool {
		return other.set.closed.Load() || other.set == s && other.deployment == deployment && other.space.Is(space)
	})
	a.sets = append(a.sets, setJob{space, deployment, s})
	a.notify()
}

// archiveRetry is how long a build waits that could not be copied: it is written from its beginning.
const archiveRetry = time.Minute

// addSets copies the builds that wait. One that fails waits on.
func (a *Archive) addSets(ctx context.Context) {
	if time.Now().Before(a.retry) {
		return
	}
	a.mu.Lock()
	jobs := a.sets
	a.sets = nil
	a.mu.Unlock()
	for _, job := range jobs {
		err := a.addSet(ctx, job)
		if err == nil {
			continue
		}
		if ctx.Err() == nil {
			a.note(err)
		}
		if !errors.Is(err, errArchiveBound) {
			a.mu.Lock()
			a.sets = append(a.sets, job)
			a.mu.Unlock()
			a.retry = time.Now().Add(archiveRetry)
		}
	}
}

var errArchiveBound = errors.New("it is larger than assets_size allows")

// addSet copies a build, unless its set was closed. Nothing of it is found before all of it is there.
func (a *Archive) addSet(ctx context.Context, job setJob) error {
	if !job.set.Acquire() {
		return nil
	}
	defer job.set.Release()
	var files []*keptFile
	total := int64(0)
	for i := range job.set.kept {
		if f := &job.set.kept[i]; isArchivable(f.path) {
			files = append(files, f)
			total += f.size
		}
	}
	if len(files) == 0 {
		return nil
	}
	if known := job.set.index.archived.Load(); known != nil && a.isWhole(known, job, len(files)) {
		return a.touch(known, job.space)
	}
	if total > a.size.Load() {
		return fmt.Errorf("archiving a build of %d bytes: %w", total, errArchiveBound)
	}
	b := &archivedBuild{
		name: job.space.name, deployment: job.deployment, build: job.set.index.buildID,
		files: make(map[string]archivedFile, len(files)),
	}
	for _, f := range files {
		content, err := a.addFile(ctx, f.file)
		if err != nil {
			a.release(b)
			return err
		}
		if content != nil {
			b.files[f.path] = archivedFile{blob: content}
		}
	}
	if len(b.files) == 0 {
		return nil
	}
	b, err := a.commit(b, job.space)
	if err == nil {
		job.set.index.archived.Store(b)
	}
	return err
}

// isWhole reports whether a list is still there, with as many files as a build has: a reload need not read them again.
func (a *Archive) isWhole(b *archivedBuild, job setJob, files int) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	// It is of another archive, if one was closed in between.
	return a.lists[b.list()] == b && b.name == job.space.name && b.deployment == job.deployment && len(b.files) == files
}

// touch notes that a build is live in a space.
func (a *Archive) touch(b *archivedBuild, of *Space) error {
	now := time.Now()
	a.mu.Lock()
	b.last = now
	a.noteServed(b, of)
	a.mu.Unlock()
	return os.Chtimes(a.listPath(b), now, now)
}

// addFile copies a file of a build, nil if it is gone or was just written over.
func (a *Archive) addFile(ctx context.Context, f *file) (*blob, error) {
	opened, err := f.open()
	if err == nil && opened != nil {
		defer func() { _ = opened.Close() }() // it was only read
	} else if opened = f.heldAsItWas(); opened == nil {
		return nil, nil
	}
	content := io.NewSectionReader(opened, 0, f.size)
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return nil, fmt.Errorf("reading a file of the build: %w", err)
	}
	if !f.isSame(opened) {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	added, err := a.addContent(blobSum(hash.Sum(nil)), content, nil)
	if errors.Is(err, errOtherContent) {
		return nil, nil
	}
	return added, err
}

// addContent returns the content with a sum, with one list more that has it. It is written unless it is there, whole.
// keep is the build that it is for, if that has a list.
func (a *Archive) addContent(sum blobSum, content *io.SectionReader, keep *archivedBuild) (*blob, error) {
	a.mu.Lock()
	b := a.blobs[sum]
	if b != nil {
		b.refs++
	}
	a.mu.Unlock()
	switch {
	case b == nil:
		a.evict(a.beyond(content.Size(), keep))
		if !a.fits(content.Size()) {
			return nil, errArchiveBound
		}
		b = &blob{sum: sum, size: content.Size()}
	case b.verified.Load() || a.compare(b) == nil:
		b.verified.Store(true)
		return b, nil
	}
	if err := a.writeBlob(b, content); err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		b.refs--
		return nil, err
	}
	b.verified.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.blobs[sum] != b {
		b.refs = 1
		a.blobs[sum] = b
		a.bytes += b.size
	}
	return b, nil
}

// retain returns the content with a sum, with one list more that has it. The caller holds the lock.
func (a *Archive) retain(sum blobSum, size int64) *blob {
	known := a.blobs[sum]
	if known == nil {
		known = &blob{sum: sum, size: size}
		a.blobs[sum] = known
		a.bytes += size
	}
	known.refs++
	return known
}

// commit makes a build that was copied known in a space, and returns its list. One whose files are those of a build
// that is known is live again.
func (a *Archive) commit(b *archivedBuild, of *Space) (*archivedBuild, error) {
	b.id, b.places, b.firstSeen, b.last = contentID(b), of.places, time.Now(), time.Now()
	a.mu.Lock()
	known, disputed := a.lists[b.list()], a.space(of).disputed(b)
	if known != nil {
		known.isUnsaved = len(known.files) < len(b.files) // damaged ones were lost
		known.files, b.files = b.files, known.files
		a.mu.Unlock()
		a.release(b)
		return known, a.touch(known, of)
	}
	a.mu.Unlock()
	if disputed != "" {
		a.log.Warn("two builds have different files of one name below /_next/static/immutable, which is for ever: "+
			"browsers and shared caches may mix them", zap.String("path", disputed))
	}
	if err := a.writeList(b); err != nil {
		a.release(b)
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.insert(b)
	a.noteServed(b, of)
	return b, nil
}

// contentID is the id of a build: its deployment and what is in its files.
func contentID(b *archivedBuild) string {
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%q\n", b.deployment) // a hash takes everything
	for _, path := range slices.Sorted(maps.Keys(b.files)) {
		_, _ = fmt.Fprintf(hash, "%q %x\n", path, b.files[path].blob.sum)
	}
	return hex.EncodeToString(hash.Sum(nil))
}
