package assets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/keeping"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// setJob is a build that is to be copied.
type setJob struct {
	space, deployment string
	set               *Set
}

// learnJob is a file that has passed through, and is to be copied.
type learnJob struct {
	keep              *Keep
	name              string
	space, deployment string
	path              string
}

// Add has the archive copy the files of a build that is served. deployment is the id that Next.js says in ?dpl=, "" if
// it says none. Where the disk is full, or the directory cannot be written, it is tried again as long as the set is
// open.
func (a *Archive) Add(space, deployment string, s *Set) {
	if a == nil {
		return
	}
	job := setJob{space, deployment, s}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.sets, job) {
		a.sets = append(a.sets, job)
		a.notify()
	}
}

// learn has the archive copy a file that has passed through. As many wait as files wait for compressed copies.
func (a *Archive) learn(job learnJob) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.learnt) < maxKeptJobs {
		a.learnt = append(a.learnt, job)
		a.notify()
	}
}

// addSets copies the builds that wait. One that fails waits on.
func (a *Archive) addSets(ctx context.Context) {
	a.mu.Lock()
	jobs := a.sets
	a.sets = nil
	a.mu.Unlock()
	for _, job := range jobs {
		err := a.addSet(ctx, job)
		if err == nil {
			continue
		}
		if ctx.Err() == nil && !errors.Is(err, errOtherContent) {
			a.note(err)
		}
		if !errors.Is(err, errArchiveBound) {
			a.mu.Lock()
			a.sets = append(a.sets, job)
			a.mu.Unlock()
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
	if total > a.size.Load() {
		return fmt.Errorf("archiving a build of %d bytes: %w", total, errArchiveBound)
	}
	b := &archivedBuild{space: job.space, deployment: job.deployment, files: make(map[string]archivedFile, len(files))}
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
	return a.commit(b)
}

// addFile copies a file of a build, nil if it is gone. Of one that is replaced now the next attempt knows more.
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
		return nil, errOtherContent
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return a.addContent(blobSum(hash.Sum(nil)), content, nil)
}

// addContent returns the content with a sum, which is written unless it is there. keep is the build that it is for, if
// that has a list.
func (a *Archive) addContent(sum blobSum, content *io.SectionReader, keep *archivedBuild) (*blob, error) {
	size := content.Size()
	a.mu.Lock()
	known := a.blobs[sum]
	if known != nil {
		known.refs++
	}
	a.mu.Unlock()
	if known != nil {
		return known, nil
	}
	a.evict(a.beyond(size, keep))
	if !a.fits(size) {
		return nil, errArchiveBound
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	fresh := &blob{sum: sum, size: size, refs: 1}
	fresh.verified.Store(true)
	if err := a.writeBlob(fresh, content); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.blobs[sum] = fresh
	a.bytes += size
	return fresh, nil
}

// commit makes a build that was copied known. One whose files are those of a build that is known was live again.
func (a *Archive) commit(b *archivedBuild) error {
	now := time.Now()
	b.id, b.firstSeen, b.last = contentID(b), now, now
	a.mu.Lock()
	s := a.space(b.space)
	known := s.byID(b.id)
	if known != nil {
		known.last = now
	}
	disputed := s.disputed(b)
	a.mu.Unlock()
	if known != nil {
		a.release(b)
		return os.Chtimes(a.listPath(known), now, now)
	}
	if disputed != "" {
		a.log.Warn("two builds have different files of one name below /_next/static/immutable, which is for ever: "+
			"browsers and shared caches may mix them", zap.String("path", disputed))
	}
	if err := a.writeList(b); err != nil {
		a.release(b)
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.insert(b)
	return nil
}

// contentID is the id of a build: its deployment and what is in its files.
func contentID(b *archivedBuild) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", b.deployment)
	for _, path := range slices.Sorted(maps.Keys(b.files)) {
		fmt.Fprintf(hash, "%q %x\n", path, b.files[path].blob.sum)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// disputed returns a path below /_next/static/immutable where another build has other bytes, "" if there is none. The
// caller holds the lock.
func (s *archiveSpace) disputed(b *archivedBuild) string {
	for path, f := range b.files {
		if !isImmutable(path) {
			continue
		}
		for _, other := range s.builds {
			if theirs, has := other.files[path]; has && theirs.blob != f.blob {
				return path
			}
		}
	}
	return ""
}

// addLearnt copies the files that have passed through, and writes the lists that have changed.
func (a *Archive) addLearnt() {
	a.mu.Lock()
	jobs := a.learnt
	a.learnt = nil
	a.mu.Unlock()
	for _, job := range jobs {
		a.note(a.addLearntFile(job))
	}
	for _, b := range a.unsaved() {
		if err := a.writeList(b); err != nil {
			a.mu.Lock()
			b.isUnsaved = true
			a.mu.Unlock()
			a.note(err)
		}
	}
}

// unsaved returns the builds whose lists have changed.
func (a *Archive) unsaved() (builds []*archivedBuild) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, s := range a.spaces {
		for _, b := range s.builds {
			if b.isUnsaved {
				builds = append(builds, b)
			}
		}
	}
	return builds
}

// addLearntFile copies a file that has passed through, unless it is not kept any more.
func (a *Archive) addLearntFile(job learnJob) error {
	b, has := a.learntBuild(job)
	if has {
		return nil
	}
	entry, ok := job.keep.store.Get(context.Background(), job.keep.key(job.name))
	if !ok {
		return nil
	}
	defer func() { _ = entry.Close() }() // it was only read
	head, err := keeping.ParseHead(entry.Meta())
	if err != nil {
		return fmt.Errorf("archiving a file that passed through: %w", err)
	}
	body, err := entry.ReadAll()
	if err != nil {
		return err
	}
	content, err := a.addContent(sha256.Sum256(body), io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))), b)
	if err != nil {
		return fmt.Errorf("archiving a file that passed through: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b.files[job.path] = archivedFile{content, addedHeaders(head)}
	b.last, b.isUnsaved = time.Now(), true
	if s := a.space(b.space); s.byID(b.id) == nil {
		s.insert(b)
	}
	return nil
}

// learntBuild returns the list of a deployment of which only what passed through is known, and whether the file is in
// it. A new one is not in its space yet.
func (a *Archive) learntBuild(job learnJob) (b *archivedBuild, has bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	id := "learnt " + job.deployment
	if s := a.spaces[job.space]; s != nil {
		if b := s.byID(id); b != nil {
			_, has := b.files[job.path]
			return b, has
		}
	}
	return &archivedBuild{
		space: job.space, id: id, isLearnt: true, deployment: job.deployment, firstSeen: time.Now(), files: map[string]archivedFile{},
	}, false
}

// addedHeaders are the headers of a kept answer that the archive does not write itself.
func addedHeaders(head http.Header) (more []nextbuild.Header) {
	for _, name := range slices.Sorted(maps.Keys(head)) {
		switch name {
		case "Content-Type", "Cache-Control", "Etag", "Last-Modified", "Expires":
			continue
		}
		more = append(more, nextbuild.Header{Key: name, Value: strings.Join(head[name], ", ")})
	}
	return more
}
