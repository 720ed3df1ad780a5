package assets

import (
	"context"
	"fmt"
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
// of its paths and of the places where it was served. It is bounded by bytes and by age; the build goes first that was
// live longest ago, whole, and a content with the last list that has it.
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
	lists  map[string]*archivedBuild // by the names of their files
	spaces map[spaceKey]*archiveSpace
	blobs  map[blobSum]*blob
	bytes  int64 // of contents and lists
	sets   []setJob
	learnt []learnJob
}

// archivedBuild is the list of one build. What it says of files is written once, but for a learnt one.
type archivedBuild struct {
	name, id string   // of the application, and of the list among those of the application
	places   []string // where it was served, sorted
	// isLearnt: it has only what passed through.
	isLearnt bool
	// deployment is what Next.js says in ?dpl=, "" if it says nothing.
	deployment string
	build      string // build id, "" if it is not known
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
		lists: map[string]*archivedBuild{}, spaces: map[spaceKey]*archiveSpace{}, blobs: map[blobSum]*blob{},
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
	stats.Builds = int64(len(a.lists))
	return stats
}

// notify wakes the worker.
func (a *Archive) notify() {
	select {
	case a.wake <- struct{}{}:
	default: // it knows
	}
}
