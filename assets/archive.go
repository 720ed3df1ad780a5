package assets

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Defaults of the bounds of an Archive.
const (
	// DefaultArchiveSize is in bytes.
	DefaultArchiveSize = 1 << 30
	// DefaultArchiveAge is how long a build is kept when it is not live any more: crawlers come back late.
	DefaultArchiveAge = 30 * 24 * time.Hour
)

// Archive has what lies below /_next/static of the builds that the edge has seen, in a directory of its own, and
// answers with it when they are gone everywhere else. Each content is there once (SHA-256), and each build has a list
// of its paths. It is bounded by bytes and by age; the build goes first that was live longest ago, whole, and a content
// with the last list that has it.
//
// One goroutine writes, one file at a time. A process that is killed leaves each list whole or absent; what of contents
// no list has is removed at the next start. A nil Archive keeps nothing.
type Archive struct {
	dir  string
	log  *zap.Logger
	stop context.CancelFunc
	done chan struct{}
	wake chan struct{}
	// These are the worker's alone.
	lock              *flock.Flock // nil: the directory is not in use
	failing, saidFull bool         // the log says so
	swept             bool
	retry             time.Time // when builds are copied again that could not be

	copies atomic.Pointer[Copies]
	size   atomic.Int64
	maxAge atomic.Int64

	mu     sync.RWMutex
	spaces map[string]*archiveSpace
	blobs  map[blobSum]*blob
	bytes  int64 // of contents and lists
	sets   []setJob
	learnt []learnJob
}

// archiveSpace are the builds of one application.
type archiveSpace struct {
	users  int              // configurations that serve the application
	builds []*archivedBuild // the one that was seen last comes first
}

// archivedBuild is the list of one build. What it says is written once, but for a learnt one.
type archivedBuild struct {
	space, id string
	// isLearnt: it has only what passed through.
	isLearnt bool
	// deployment is what Next.js says in ?dpl=, "" if it says nothing.
	deployment string
	firstSeen  time.Time
	last       time.Time // when it was live, or something was added
	files      map[string]archivedFile
	listSize   int64
	isUnsaved  bool
}

// archivedFile is what a build has at a path.
type archivedFile struct {
	blob *blob
	// more are headers that the application has added to a file that passed through.
	more []nextbuild.Header
}

// OpenArchive opens the archive in a directory, which is made if it is missing. size (bytes) and maxAge are its bounds,
// as for SetLimits. Where the directory cannot be used, or is another process's, nothing is kept: the log says so once,
// and it is tried again every few seconds.
func OpenArchive(dir string, size int64, maxAge time.Duration, log *zap.Logger) *Archive {
	ctx, stop := context.WithCancel(context.Background())
	a := newArchive(dir, log)
	a.stop = stop
	a.SetLimits(size, maxAge)
	a.attach()
	go a.run(ctx)
	return a
}

func newArchive(dir string, log *zap.Logger) *Archive {
	return &Archive{
		dir: dir, log: log, done: make(chan struct{}), wake: make(chan struct{}, 1),
		spaces: map[string]*archiveSpace{}, blobs: map[blobSum]*blob{},
	}
}

// Close ends the archive. What passed through before is kept; builds that are not copied yet are at the next start.
func (a *Archive) Close() error {
	a.stop()
	<-a.done
	if a.lock == nil {
		return nil
	}
	if err := a.lock.Close(); err != nil {
		return fmt.Errorf("unlocking the archive: %w", err)
	}
	return nil
}

// SetLimits changes the bounds: bytes, and the time since a build was live, or a file was added to a learnt one. 0
// stands for the default.
func (a *Archive) SetLimits(size int64, maxAge time.Duration) {
	if size == 0 {
		size = DefaultArchiveSize
	}
	if maxAge == 0 {
		maxAge = DefaultArchiveAge
	}
	a.size.Store(size)
	a.maxAge.Store(int64(maxAge))
	a.notify()
}

// Use notes that a configuration serves an application, or with -1 that it does no longer. While one does, its newest
// build is live.
func (a *Archive) Use(space string, change int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.space(space).users += change
}

// space returns what there is of an application. The caller holds the lock.
func (a *Archive) space(name string) *archiveSpace {
	s := a.spaces[name]
	if s == nil {
		s = new(archiveSpace)
		a.spaces[name] = s
	}
	return s
}

// ArchiveStats is what an archive holds.
type ArchiveStats struct {
	// Bytes are those on disk, Builds the lists.
	Bytes, Builds int64
}

// Stats returns what the archive holds.
func (a *Archive) Stats() (stats ArchiveStats) {
	if a == nil {
		return stats
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	stats.Bytes = a.bytes
	for _, s := range a.spaces {
		stats.Builds += int64(len(s.builds))
	}
	return stats
}

// insert adds a build to its space, in the place that its age gives it. The caller holds the lock.
func (s *archiveSpace) insert(b *archivedBuild) {
	at, _ := slices.BinarySearchFunc(s.builds, b, func(x, b *archivedBuild) int { return b.firstSeen.Compare(x.firstSeen) })
	s.builds = slices.Insert(s.builds, at, b)
}

// remove takes a build out of its space. The caller holds the lock.
func (s *archiveSpace) remove(b *archivedBuild) {
	s.builds = slices.DeleteFunc(s.builds, func(other *archivedBuild) bool { return other == b })
}

// byID returns the build with an id, nil if there is none. The caller holds the lock.
func (s *archiveSpace) byID(id string) *archivedBuild {
	for _, b := range s.builds {
		if b.id == id {
			return b
		}
	}
	return nil
}

// notify wakes the worker.
func (a *Archive) notify() {
	select {
	case a.wake <- struct{}{}:
	default: // it knows
	}
}
