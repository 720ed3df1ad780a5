package assets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

// copiesSpace is where the store has the copies of files of builds. They are named by content, so builds share them.
const copiesSpace = "copies/1"

// Copies makes compressed copies of files in the background and keeps them in a store. It is made once for a
// configuration; Run does the work. A nil one makes none.
type Copies struct {
	store   *blobstore.Store
	log     *zap.Logger
	pending atomic.Int64

	mu    sync.Mutex
	queue []*Set
	kept  []keptJob
	wake  chan struct{}
}

// fileCopy is a copy of a file in one coding.
type fileCopy struct {
	coding       string
	key          blobstore.Key
	size         int64
	etag, length []string
	codingHeader []string
}

// NewCopies returns what makes copies and keeps them in store.
func NewCopies(store *blobstore.Store, log *zap.Logger) *Copies {
	return &Copies{store: store, log: log, wake: make(chan struct{}, 1)}
}

// Pending returns how many files still wait for copies.
func (c *Copies) Pending() int64 {
	if c == nil {
		return 0
	}
	return c.pending.Load()
}

// add queues the files of a set.
func (c *Copies) add(s *Set) {
	if c == nil {
		return
	}
	c.mu.Lock()
	c.queue = append(c.queue, s)
	c.mu.Unlock()
	c.pending.Add(int64(len(s.compressible())))
	c.notify()
}

func (c *Copies) notify() {
	select {
	case c.wake <- struct{}{}:
	default: // it has been told already
	}
}

// startDelay is how long nothing is compressed after a configuration has started. Until then processors are needed for
// the connections that come from the one before, and for caches that are cold.
const startDelay = 2 * time.Second

// Run makes copies until ctx ends, one at a time, and none in the first two seconds.
func (c *Copies) Run(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(startDelay):
	}
	c.work(ctx)
}

func (c *Copies) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		for ctx.Err() == nil && (c.nextSet(ctx) || c.nextKept(ctx)) {
		}
	}
}

// nextSet makes the copies of the set that waits longest, and reports whether there was one.
func (c *Copies) nextSet(ctx context.Context) bool {
	c.mu.Lock()
	if len(c.queue) == 0 {
		c.mu.Unlock()
		return false
	}
	s := c.queue[0]
	c.queue = slices.Delete(c.queue, 0, 1)
	c.mu.Unlock()
	files := s.compressible()
	err := c.copyAll(ctx, s, files)
	if err != nil && ctx.Err() == nil && !s.closed.Load() {
		c.log.Info("files are compressed on their way: no copies of them can be kept", zap.Error(err))
	}
	return true
}

// copyAll makes the copies of files. Those that cost least come first, for all files: until the smallest is there,
// clients get another.
func (c *Copies) copyAll(ctx context.Context, s *Set, files []*keptFile) error {
	waiting := int64(len(files))
	defer func() { c.pending.Add(-waiting) }()
	sums := make([]string, len(files))
	for i := len(codings.Names) - 1; i >= 0; i-- {
		for j, f := range files {
			if ctx.Err() != nil || s.closed.Load() {
				return ctx.Err()
			}
			if err := c.copyFile(ctx, f, codings.Names[i], &sums[j]); err != nil {
				return err
			}
			if i == 0 {
				waiting--
				c.pending.Add(-1)
			}
		}
	}
	return nil
}

// copyFile finds or makes the copy of a file in a coding. sum is the hash of its content, "" if it is not known yet. A
// file that has changed or gone gets none.
func (c *Copies) copyFile(ctx context.Context, f *keptFile, coding string, sum *string) error {
	var body []byte
	if *sum == "" {
		if body = f.read(); body == nil {
			return nil
		}
		hash := sha256.Sum256(body)
		*sum = hex.EncodeToString(hash[:])
	}
	key := blobstore.Key{Space: copiesSpace, Group: *sum, Name: coding}
	if entry, ok := c.store.Get(ctx, key); ok {
		f.addCopy(coding, key, entry.Size())
		return closeEntry(entry)
	}
	if body == nil {
		if body = f.read(); body == nil {
			return nil
		}
	}
	copied, err := codings.Copy(coding, body, codings.Compress)
	if err != nil {
		return err
	}
	if err := c.store.Put(ctx, key, nil, copied); errors.Is(err, blobstore.ErrRefused) {
		return nil // too large for the store's bound; others are not
	} else if err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	f.addCopy(coding, key, int64(len(copied)))
	return nil
}

func closeEntry(entry *blobstore.Entry) error {
	if err := entry.Close(); err != nil {
		return fmt.Errorf("closing a copy: %w", err)
	}
	return nil
}

// compressible returns the files of the set that copies are made of, in an order that is always the same.
func (s *Set) compressible() []*keptFile {
	var files []*keptFile
	for i := range s.kept {
		f := &s.kept[i]
		if f.size >= codings.SmallestCopied && f.size <= codings.LargestCopied && isCompressibleName(f.path) {
			files = append(files, f)
		}
	}
	slices.SortStableFunc(files, func(a, b *keptFile) int { return int(a.size - b.size) })
	return files
}

// isCompressibleName reports whether a file of that name gets smaller by compression.
func isCompressibleName(name string) bool { return codings.Compressible(contentType(path.Base(name))) }

// read returns the content of the file, or nil if it is not the one that the set knows.
func (f *file) read() []byte {
	opened, err := f.open()
	if err != nil || opened == nil {
		return nil
	}
	defer func() { _ = opened.Close() }() // it was only read
	body := make([]byte, f.size)
	if _, err := io.ReadFull(opened, body); err != nil {
		return nil
	}
	return body
}

// addCopy makes a copy known to requests.
func (f *keptFile) addCopy(coding string, key blobstore.Key, size int64) {
	if size == 0 {
		return
	}
	f.changeCopies(func(list []fileCopy) []fileCopy {
		return append(list, fileCopy{
			coding: coding, key: key, size: size, codingHeader: []string{coding},
			etag: []string{codings.ETag(f.head.etag[0], coding)}, length: []string{strconv.FormatInt(size, 10)},
		})
	})
}

// dropCopy forgets a copy that the store has no longer. It comes back when the build is read again.
func (f *keptFile) dropCopy(coding string) {
	f.changeCopies(func(list []fileCopy) []fileCopy {
		return slices.DeleteFunc(list, func(c fileCopy) bool { return c.coding == coding })
	})
}

func (f *keptFile) changeCopies(change func([]fileCopy) []fileCopy) {
	for {
		before := f.copies.Load()
		var list []fileCopy
		if before != nil {
			list = slices.Clone(*before)
		}
		list = change(list)
		if f.copies.CompareAndSwap(before, &list) {
			return
		}
	}
}

// copyFor returns the copy that a client likes best. accepts are the codings it takes, the best first.
func (f *keptFile) copyFor(accepts []string) *fileCopy {
	list := f.copies.Load()
	if list == nil {
		return nil
	}
	for _, coding := range accepts {
		for i := range *list {
			if (*list)[i].coding == coding {
				return &(*list)[i]
			}
		}
		if coding == "identity" {
			return nil
		}
	}
	return nil
}
