package pagecache

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

const (
	// worthCopying is how many hits of one body go without a copy before it is made. It takes Brotli four (6 KB) to
	// eight times (65 KB) as long to make one as it takes zstd to compress the page on its way, so whatever becomes of
	// the page, all of it costs about twice what the better choice would have.
	worthCopying = 6
	// maxAsked bounds the copies that were asked for and are not there of which it is known how often.
	maxAsked = 16 << 10
	// maxCopiesWaiting bounds the copies that wait to be made. What is beyond is compressed on its way, and asked for
	// again.
	maxCopiesWaiting = 1000
	// copyPause is how long a copy that could not be made or kept is not tried again.
	copyPause = time.Minute
)

// copyVersion is the version of the format of a copy's meta.
const copyVersion = 1

// copyKey is the key of a copy of an entry: in the group of its page, so purged with it. No variant's name begins like
// that, nor does recordName go on like that.
func copyKey(key blobstore.Key, coding string) blobstore.Key {
	return blobstore.Key{Space: key.Space, Group: key.Group, Name: "\x00" + coding + "\x00" + key.Name}
}

// copyMeta says of which body a copy is.
func copyMeta(hash bodyHash) []byte { return append([]byte{copyVersion}, hash[:]...) }

// isCopyOf reports whether a copy with that meta is one of a body. It is so by the body alone: a purge or a new
// generation with the same body changes nothing about that.
func isCopyOf(meta []byte, hash bodyHash) bool {
	return len(meta) == 1+len(hash) && meta[0] == copyVersion && bodyHash(meta[1:]) == hash
}

// copyJob is a copy to be made.
type copyJob struct {
	of     blobstore.Key
	coding string
	hash   bodyHash
	now    time.Time
}

// askedCopy is a copy that was asked for and was not there.
type askedCopy struct {
	hash      bodyHash
	hits      int
	queued    bool
	notBefore int64 // not before that time, in nanoseconds since 1970
}

// copier makes compressed copies of bodies in the background, one at a time, when they are asked for often enough.
type copier struct {
	cache *Cache

	mu      sync.Mutex
	asked   map[uint64]*askedCopy // by the hash of the copy's key: two with one hash count together at worst
	queue   []copyJob
	working bool

	dropped atomic.Uint64
	counts  [len(codings.Names)]struct{ made, bytes, served atomic.Uint64 }
}

// ask says that a hit has found no copy.
func (c *copier) ask(copyKey blobstore.Key, job copyJob) {
	id := maphash.Comparable(c.cache.seed, copyKey)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.asked[id]
	if a == nil || a.hash != job.hash {
		if a == nil && (c.asked == nil || len(c.asked) >= maxAsked) {
			c.asked = map[uint64]*askedCopy{} // those that are asked for come back
		}
		a = &askedCopy{hash: job.hash}
		c.asked[id] = a
	}
	a.hits++
	if a.hits < worthCopying || a.queued || job.now.UnixNano() < a.notBefore {
		return
	}
	if len(c.queue) >= maxCopiesWaiting {
		c.dropped.Add(1)
		return
	}
	if !c.working {
		c.working = c.cache.background(c.work)
	}
	if c.working {
		a.queued = true
		c.queue = append(c.queue, job)
	}
}

// work makes copies until there is nothing to do.
func (c *copier) work() {
	for {
		job, ok := c.take()
		if !ok {
			return
		}
		err := c.make(job)
		c.settle(job, err)
		if err == nil {
			continue
		}
		if check := c.cache.settings.Load().Logger.Check(zap.DebugLevel, "a page has no compressed copy"); check != nil {
			check.Write(zap.String("space", job.of.Space), zap.String("page", job.of.Group), zap.String("coding", job.coding),
				zap.Error(err))
		}
	}
}

func (c *copier) take() (job copyJob, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.cache.ctx.Err() != nil {
		c.queue, c.working = nil, false
		return job, false
	}
	job = c.queue[0]
	c.queue = c.queue[1:]
	return job, true
}

// settle notes what became of a job.
func (c *copier) settle(job copyJob, err error) {
	id := maphash.Comparable(c.cache.seed, copyKey(job.of, job.coding))
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.asked[id]
	switch {
	case a == nil || a.hash != job.hash: // it is about another body by now
	case err == nil:
		delete(c.asked, id)
	default:
		a.queued, a.notBefore = false, job.now.Add(copyPause).UnixNano()
	}
}

var errNotThatBody = errors.New("another body is kept by now, or none")

// make makes a copy, unless it is there or its body is gone.
func (c *copier) make(job copyJob) error {
	store, ctx := c.cache.store, c.cache.ctx
	// A purge that comes after this makes the promise void, one that came before it has left no body.
	promise := store.Promise(copyKey(job.of, job.coding))
	defer promise.End()
	if entry, ok := store.Get(ctx, copyKey(job.of, job.coding)); ok {
		there := isCopyOf(entry.Meta(), job.hash)
		_ = entry.Close() // it was only looked at
		if there {
			return nil
		}
	}
	entry, ok := store.Get(ctx, job.of)
	if !ok {
		return errNotThatBody
	}
	defer func() { _ = entry.Close() }() // it was only read
	if m, err := parseMeta(entry.Meta()); err != nil || m.exact != job.hash {
		return errNotThatBody
	}
	body, err := entry.ReadAll()
	if err != nil {
		return err
	}
	copied, err := codings.Copy(job.coding, body, codings.Quick)
	if err != nil {
		return fmt.Errorf("making a copy: %w", err)
	}
	if err := promise.Put(ctx, copyMeta(job.hash), copied); err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	count := &c.counts[codings.Rank(job.coding)]
	count.made.Add(1)
	count.bytes.Add(uint64(len(copied)))
	return nil
}

// CopyStats are the figures of copies in one coding, since New.
type CopyStats struct {
	Coding string
	Made   uint64 // copies
	Bytes  uint64 // of their bodies
	Served uint64 // answers
}

// stats adds the figures of copies.
func (c *copier) stats(s *Stats) {
	for i, name := range codings.Names {
		count := &c.counts[i]
		s.Copies[i] = CopyStats{name, count.made.Load(), count.bytes.Load(), count.served.Load()}
	}
	s.CopiesSkipped = c.dropped.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	s.CopiesWaiting = len(c.queue)
}
