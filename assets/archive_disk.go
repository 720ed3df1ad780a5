package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// The directory of an archive:
//
//	lock            held by the process that uses it
//	lists/ID.json   the list of a build; its modification time says when the build was live
//	blobs/XX/REST   contents, named by their SHA-256
//	tmp/            what is being written
const (
	listsDir   = "lists"
	blobsDir   = "blobs"
	archiveTmp = "tmp"
)

// archiveVersion is that of the format of lists. Those of other versions are dropped.
const archiveVersion = 1

type blobSum [sha256.Size]byte

// blob is a content.
type blob struct {
	sum  blobSum
	size int64
	refs int // of lists, guarded by Archive.mu
	// verified: this process has written it, or compared it with its sum. Contents are not synced to the disk one by
	// one, so a power failure may tear them.
	verified atomic.Bool
}

// name is where the content is, below the directory of the archive.
func (b *blob) name() string {
	text := hex.EncodeToString(b.sum[:])
	return filepath.Join(blobsDir, text[:2], text[2:])
}

// storedList is a list as it is written.
type storedList struct {
	Version    int                   `json:"version"`
	Space      string                `json:"space"`
	ID         string                `json:"id"`
	Deployment string                `json:"deployment,omitempty"`
	IsLearnt   bool                  `json:"learnt,omitempty"`
	FirstSeen  time.Time             `json:"first_seen"`
	Files      map[string]storedFile `json:"files"`
}

type storedFile struct {
	Sum     string             `json:"sha256"`
	Size    int64              `json:"size"`
	Headers []nextbuild.Header `json:"headers,omitempty"`
}

// attach takes the directory into use, unless it is already, and reports whether it is.
func (a *Archive) attach() bool {
	if a.lock != nil {
		return true
	}
	if err := a.open(); err != nil {
		a.note(err)
		return false
	}
	a.worked()
	return true
}

// note says once that the archive cannot keep files, until it can again, and once that its bound is too small.
func (a *Archive) note(err error) {
	said := &a.failing
	if errors.Is(err, errArchiveBound) {
		said = &a.saidFull
	}
	if err != nil && !*said {
		*said = true
		a.log.Warn("files of builds are not archived: what is gone from its build and its upstreams will be missing",
			zap.String("dir", a.dir), zap.Error(err))
	}
}

// worked notes that a file was written.
func (a *Archive) worked() {
	if a.failing {
		a.failing = false
		a.log.Info("files of builds are archived now", zap.String("dir", a.dir))
	}
}

var errArchiveHeld = errors.New("another process has it")

func (a *Archive) open() error {
	for _, name := range []string{listsDir, blobsDir, archiveTmp} {
		if err := os.MkdirAll(filepath.Join(a.dir, name), 0o700); err != nil {
			return fmt.Errorf("making the directory of the archive: %w", err)
		}
	}
	lock := flock.New(filepath.Join(a.dir, "lock"))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = errArchiveHeld
	}
	if err != nil {
		return fmt.Errorf("locking the archive: %w", err)
	}
	if err := a.readLists(); err != nil {
		return errors.Join(err, lock.Close())
	}
	a.lock = lock
	return nil
}

// readLists reads the lists that earlier processes have written. One that is damaged is removed.
func (a *Archive) readLists() error {
	entries, err := os.ReadDir(filepath.Join(a.dir, listsDir))
	if err != nil {
		return fmt.Errorf("reading the lists of the archive: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, entry := range entries {
		path := filepath.Join(a.dir, listsDir, entry.Name())
		b, err := a.readList(path)
		if err != nil {
			a.log.Warn("a list of the archive is damaged: files of this build are missing",
				zap.String("list", path), zap.Error(err))
			_ = os.Remove(path) // it is passed over at the next start, too
			continue
		}
		a.space(b.space).insert(b)
		a.bytes += b.listSize
	}
	return nil
}

// readList reads a list, and counts what it has. The caller holds the lock.
func (a *Archive) readList(path string) (*archivedBuild, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var stored storedList
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	b := &archivedBuild{
		space: stored.Space, id: stored.ID, isLearnt: stored.IsLearnt, deployment: stored.Deployment, firstSeen: stored.FirstSeen, last: info.ModTime(),
		files: make(map[string]archivedFile, len(stored.Files)), listSize: int64(len(text)),
	}
	if stored.Version != archiveVersion || a.listPath(b) != path {
		return nil, fmt.Errorf("it is of version %d, or of another build", stored.Version)
	}
	sums := make(map[string]blobSum, len(stored.Files))
	for name, f := range stored.Files {
		sum, err := hex.DecodeString(f.Sum)
		if err != nil || len(sum) != len(blobSum{}) || f.Size < 0 {
			return nil, fmt.Errorf("%s has no SHA-256 or no size", name)
		}
		sums[name] = blobSum(sum)
	}
	for name, f := range stored.Files {
		b.files[name] = archivedFile{a.retain(sums[name], f.Size), f.Headers}
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

// listPath is where the list of a build is.
func (a *Archive) listPath(b *archivedBuild) string {
	sum := sha256.Sum256([]byte(b.space + "\x00" + b.id))
	return filepath.Join(a.dir, listsDir, hex.EncodeToString(sum[:])+".json")
}

// writeList writes the list of a build in the place of the one before.
func (a *Archive) writeList(b *archivedBuild) error {
	text, err := json.Marshal(a.stored(b))
	if err != nil {
		return fmt.Errorf("writing a list of the archive: %w", err)
	}
	err = a.write(a.listPath(b), func(f *os.File) error {
		if _, err := f.Write(text); err != nil {
			return err
		}
		return f.Sync()
	})
	if err != nil {
		return fmt.Errorf("writing a list of the archive: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += int64(len(text)) - b.listSize
	b.listSize = int64(len(text))
	return nil
}

// stored returns the list of a build as it is to be written.
func (a *Archive) stored(b *archivedBuild) storedList {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.isUnsaved = false
	list := storedList{
		Version: archiveVersion, Space: b.space, ID: b.id, Deployment: b.deployment, IsLearnt: b.isLearnt, FirstSeen: b.firstSeen,
		Files: make(map[string]storedFile, len(b.files)),
	}
	for name, f := range b.files {
		list.Files[name] = storedFile{hex.EncodeToString(f.blob.sum[:]), f.blob.size, f.more}
	}
	return list
}

// write writes a file beside and puts it in its place.
func (a *Archive) write(path string, content func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Join(a.dir, archiveTmp), "")
	if err != nil {
		return err
	}
	if err = errors.Join(content(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	a.worked()
	return nil
}

var errOtherContent = errors.New("the file has changed while it was copied")

// writeBlob writes a content.
func (a *Archive) writeBlob(b *blob, content io.Reader) error {
	path := filepath.Join(a.dir, b.name())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing a file of the archive: %w", err)
	}
	err := a.write(path, func(f *os.File) error {
		hash := sha256.New()
		if _, err := io.Copy(io.MultiWriter(f, hash), content); err != nil {
			return err
		}
		if blobSum(hash.Sum(nil)) != b.sum {
			return errOtherContent
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing a file of the archive: %w", err)
	}
	return nil
}

// sweep removes what a process has left that was killed: files half written, and contents that no list has.
func (a *Archive) sweep() error {
	tmp := filepath.Join(a.dir, archiveTmp)
	left, err := os.ReadDir(tmp)
	for _, entry := range left {
		err = errors.Join(err, os.Remove(filepath.Join(tmp, entry.Name())))
	}
	walkErr := filepath.WalkDir(filepath.Join(a.dir, blobsDir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if a.hasBlob(filepath.Base(filepath.Dir(path)) + entry.Name()) {
			return nil
		}
		return os.Remove(path)
	})
	if err = errors.Join(err, walkErr); err != nil {
		return fmt.Errorf("removing what an earlier process has left: %w", err)
	}
	return nil
}

func (a *Archive) hasBlob(text string) bool {
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != len(blobSum{}) {
		return false
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.blobs[blobSum(sum)] != nil
}
