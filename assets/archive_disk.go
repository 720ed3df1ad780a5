package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/gofrs/flock"
	"go.uber.org/zap"
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
func (a *Archive) writeBlob(b *blob, content io.ReadSeeker) error {
	path := filepath.Join(a.dir, b.name())
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading a file of the build: %w", err)
	}
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
