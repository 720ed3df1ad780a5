package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Archived is a file of the archive, as Find has found it.
type Archived struct {
	archive *Archive
	file    archivedFile
}

// Serve answers a GET or HEAD as Set.Serve does. path is what the file was found by.
func (f *Archived) Serve(w http.ResponseWriter, r *http.Request, path string, more []nextbuild.Header, accepts Accepts) (Source, error) {
	a, content := f.archive, f.file.blob
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return NotServed, nil //nolint:nilerr // whatever is wrong with the disk, Next.js may still answer
	}
	defer func() { _ = root.Close() }() // it was only read
	if !a.verify(content) {
		return NotServed, nil
	}
	set := &Set{copies: a.copies.Load()}
	served := &keptFile{file: &file{path: path, root: root, name: content.name(), size: content.size, head: archivedHead(path, content)}}
	if !httpheader.NeedsUncoded(r.Header) && set.copies != nil && isCompressibleName(path) {
		served.findCopy(r, set.copies.store, hex.EncodeToString(content.sum[:]), accepts())
	}
	source, err := set.serve(w, r, served, slices.Concat(more, f.file.more), accepts)
	if source != NotServed {
		source = FromArchive
	}
	return source, err
}

// UseCopies has the archive answer with compressed copies that were made when a build was served, as far as they are
// still there.
func (a *Archive) UseCopies(c *Copies) {
	if a != nil {
		a.copies.Store(c)
	}
}

// findCopy finds the copy of a content that a client likes best.
func (f *keptFile) findCopy(r *http.Request, store *blobstore.Store, sum string, accepts []string) {
	for _, coding := range accepts {
		if coding == "identity" {
			return
		}
		key := blobstore.Key{Space: copiesSpace, Group: sum, Name: coding}
		if entry, ok := store.Get(r.Context(), key); ok {
			f.addCopy(coding, key, entry.Size())
			_ = entry.Close() // it was only read
			return
		}
	}
}

// archivedHead makes the head of a content. Times of files differ between the processes that had it, and are often the
// same for all files of an image: its sum is the ETag.
func archivedHead(path string, content *blob) head {
	return head{
		contentType:  []string{contentType(path)},
		etag:         []string{`"` + hex.EncodeToString(content.sum[:16]) + `"`},
		length:       []string{strconv.FormatInt(content.size, 10)},
		cacheControl: []string{immutable},
	}
}

// verify reports whether a content is what its name says. That is looked at once, when it is first asked for after a
// restart. A damaged one is removed from all lists: Next.js may have it, or the next build brings it again.
func (a *Archive) verify(content *blob) bool {
	if content.verified.Load() {
		return true
	}
	switch err := a.compare(content); {
	case err == nil:
		content.verified.Store(true)
		return true
	case errors.Is(err, errDamagedContent), errors.Is(err, os.ErrNotExist):
		if a.forget(content) {
			a.log.Warn("a file of the archive is damaged, and is left to Next.js", zap.String("file", content.name()), zap.Error(err))
		}
	}
	return false
}

var errDamagedContent = errors.New("it is not what its name says")

func (a *Archive) compare(content *blob) error {
	f, err := os.Open(filepath.Join(a.dir, content.name()))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return fmt.Errorf("reading a file of the archive: %w", err)
	}
	if blobSum(hash.Sum(nil)) != content.sum {
		return errDamagedContent
	}
	return nil
}

// forget takes a content out of all lists, and reports whether one had it.
func (a *Archive) forget(content *blob) (had bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.blobs[content.sum] == content {
		delete(a.blobs, content.sum)
		a.bytes -= content.size
		_ = os.Remove(filepath.Join(a.dir, content.name())) // the next start removes what is left
	}
	for _, b := range a.lists {
		for path, f := range b.files {
			if f.blob == content {
				delete(b.files, path)
				b.isUnsaved, had = true, true
			}
		}
	}
	return had
}
