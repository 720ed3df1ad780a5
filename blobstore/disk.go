package blobstore

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/gofrs/flock"
)

// disk is the directory of a store:
//
//	lock              held by the process that uses it
//	entries-VERSION/  SPACE/XX/REST, named by hashes of the space, and of the group and the name
//	tmp/              what is being written
//	trash/            spaces that were deleted and are not removed yet
type disk struct {
	dir           string
	lock          *flock.Flock
	index         *index
	tombstones    *tombstones
	walked        atomic.Bool // the index knows all files
	orphans       atomic.Bool // there may be files that are not in the index, because removing them failed
	writing       atomic.Int64
	reads, writes outage
	wake          chan struct{} // there is work for maintain
	noted         chan struct{} // closed once there are notes of all files
}

// openDisk takes a directory into use.
func openDisk(settings Settings, dead *tombstones) (*disk, error) {
	d := &disk{
		dir: settings.Dir, tombstones: dead, wake: make(chan struct{}, 1), noted: make(chan struct{}),
		reads: outage{logger: settings.Logger, message: "the store cannot read its files: they are missed"},
		writes: outage{
			logger:  settings.Logger,
			message: "the store cannot write its files: what is there is served, nothing is added on disk",
		},
	}
	var err error
	if d.index, err = newIndex(settings.Size); err != nil {
		return nil, fmt.Errorf("making the index: %w", err)
	}
	for _, name := range []string{entriesDir, "tmp", "trash"} {
		if err := os.MkdirAll(filepath.Join(d.dir, name), 0o700); err != nil {
			return nil, fmt.Errorf("making the directory: %w", err)
		}
	}
	if d.lock, err = lockFile(filepath.Join(d.dir, "lock")); err != nil {
		return nil, fmt.Errorf("locking the directory: %w", err)
	}
	if err := d.clearTemporary(); err != nil {
		d.writes.failed(fmt.Errorf("removing what an earlier process was writing: %w", err))
	}
	return d, nil
}

// close leaves the directory to others.
func (d *disk) close() error {
	if err := d.lock.Close(); err != nil {
		return fmt.Errorf("unlocking the directory of a store: %w", err)
	}
	return nil
}

// clearTemporary removes what an earlier process left. The lock is held, so its writer is gone.
func (d *disk) clearTemporary() error {
	left, err := os.ReadDir(filepath.Join(d.dir, "tmp"))
	for _, file := range left {
		err = errors.Join(err, os.Remove(filepath.Join(d.dir, "tmp", file.Name())))
	}
	return err
}

func (d *disk) path(i id) string { return filepath.Join(d.dir, entriesDir, i.path()) }

// adopt notes the file of a key that is not in the index, if there is one. The caller holds the lock of the key.
func (d *disk) adopt(i id) *record {
	if r := d.index.peek(i); r != nil {
		return r
	}
	if d.tombstones.has(i) {
		d.remove(i)
		return nil
	}
	info, err := os.Lstat(d.path(i))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.reads.failed(err)
		}
		return nil
	}
	if !d.index.fits(info.Size()) { // the bound was larger once
		d.remove(i)
		return nil
	}
	r := &record{blocks: blocksOf(info.Size())}
	d.index.set(i, r)
	return r
}

// open opens the file that a record stands for, or a newer one of the same key, and compares it with its checksums.
func (d *disk) open(ctx context.Context, key Key, i id, r *record) (*Entry, error) {
	f, err := os.Open(d.path(i))
	if err != nil {
		return nil, err
	}
	e, err := readEntry(ctx, f, key, r)
	if err != nil || e.body != nil {
		_ = f.Close() // it was only read
	}
	if err != nil {
		return nil, err
	}
	e.id = i
	return e, nil
}

// readEntry reads the head of a file, and the body of a small one.
func readEntry(ctx context.Context, f *os.File, key Key, r *record) (*Entry, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// One read for all of a small file; enough for the head of most large ones.
	data := make([]byte, block)
	if info.Size() <= smallBody+block {
		data = make([]byte, info.Size())
	}
	h, data, err := readPrefix(f, data, info.Size())
	if err != nil {
		return nil, err
	}
	e := &Entry{file: f, offset: h.prefix(), size: h.body}
	if e.meta, err = h.checkPrefix(data[:h.prefix()], key); err != nil {
		return nil, err
	}
	if h.body > smallBody {
		return e, verifyLarge(ctx, e, h, r)
	}
	e.file = nil
	if int64(len(data)) == info.Size() {
		e.body = data[h.prefix():]
	} else {
		e.body = make([]byte, h.body)
		if err := readAt(f, e.body, h.prefix()); err != nil {
			return nil, err
		}
	}
	return e, h.checkBody(crc32.Checksum(e.body, castagnoli))
}

// readPrefix fills data with the beginning of a file of fileSize bytes, and makes it longer where that is not all
// that comes before the body.
func readPrefix(f *os.File, data []byte, fileSize int64) (h head, read []byte, err error) {
	if err := readAt(f, data, 0); err != nil {
		return head{}, nil, err
	}
	if h, err = parseHead(data, fileSize); err != nil {
		return head{}, nil, err
	}
	have := int64(len(data))
	if missing := h.prefix() - have; missing > 0 {
		data = append(data, make([]byte, missing)...)
		err = readAt(f, data[have:], have)
	}
	return h, data, err
}

// readAt fills data from a file. One that ends before is damaged: its size was asked before.
func readAt(f *os.File, data []byte, offset int64) error {
	n, err := f.ReadAt(data, offset)
	switch {
	case n == len(data):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it became shorter", errDamaged)
	default:
		return err
	}
}

// verifyLarge compares a large body with its checksum, the first time that it is read after a restart.
func verifyLarge(ctx context.Context, e *Entry, h head, r *record) error {
	if r.verified.Load() {
		return nil
	}
	sum, buffer := uint32(0), make([]byte, 256<<10)
	for at := int64(0); at < h.body; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buffer[:min(int64(len(buffer)), h.body-at)]
		if err := readAt(e.file, part, e.offset+at); err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, part)
		at += int64(len(part))
	}
	if err := h.checkBody(sum); err != nil {
		return err
	}
	r.verified.Store(true)
	return nil
}

// drop removes the file of a key, whether it is in the index or not. The caller holds the lock of the key.
func (d *disk) drop(i id) {
	d.index.forget(i)
	d.remove(i)
}

// remove removes a file that is not in the index. The caller holds the lock of the key.
func (d *disk) remove(i id) {
	if err := os.Remove(d.path(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.tombstones.add(i)
		d.notRemoved(err)
	}
}

// dropSpace removes the files of a space. The caller holds all locks. They are out of reach at once, and removed in the
// background.
func (d *disk) dropSpace(space hash) {
	d.index.forgetSpace(space)
	switch err := d.moveToTrash(filepath.Join(d.dir, entriesDir, spacePath(space))); {
	case err == nil:
		d.wakeMaintenance()
	case !errors.Is(err, fs.ErrNotExist):
		d.tombstones.addSpace(space)
		d.notRemoved(err)
	}
}

// moveToTrash moves a directory of a space to the trash, which maintain empties.
func (d *disk) moveToTrash(space string) error {
	name := strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // not a secret
	return os.Rename(space, filepath.Join(d.dir, "trash", name))
}

// dropGroup removes the files of a group, whether they are in the index or not, and returns how many there were. The
// caller holds the lock of the group, and so nobody else changes the directory that is listed.
func (d *disk) dropGroup(g groupID) (dropped int) {
	dir := g.dir()
	files, err := os.ReadDir(filepath.Join(d.dir, entriesDir, dir))
	for _, file := range files {
		if group, name, ok := parseName(filepath.Base(dir), file.Name()); ok && group == g.group {
			d.drop(id{g, name})
			dropped++
		}
	}
	if err == nil {
		return dropped
	}
	for _, i := range d.index.ofGroup(g) { // what was not listed must not be found either
		d.drop(i)
		dropped++
	}
	if !errors.Is(err, fs.ErrNotExist) {
		d.tombstones.addGroup(g)
		d.notRemoved(err)
	}
	return dropped
}

// notRemoved notes that a file is left. It is removed when the disk can be written again.
func (d *disk) notRemoved(err error) {
	d.orphans.Store(true)
	d.writes.failed(err)
}

// wrote notes the end of a write and what became of it.
func (d *disk) wrote(err error) {
	if err != nil {
		d.writes.failed(err)
	} else if d.writes.worked() && d.orphans.Load() {
		d.wakeMaintenance()
	}
}

// wakeMaintenance tells maintain that there is something to do.
func (d *disk) wakeMaintenance() {
	select {
	case d.wake <- struct{}{}:
	default: // it knows
	}
}
