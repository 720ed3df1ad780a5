package assets

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// notStored is Next.js's own Cache-Control for what is not found.
const notStored = "private, no-cache, no-store, max-age=0, must-revalidate"

// Export are the files of an application that was exported. Nobody else has them, so they are served until the last
// request that began with them has ended, also when they are replaced meanwhile: each file is held open as far as the
// process may have files open.
type Export struct{ *Set }

// ExportOf returns the export whose files a set has: see NewExportIndex.
func ExportOf(s *Set) *Export { return &Export{s} }

// addBuildToETag puts the build into the ETag of a page or payload. What names other chunks is often of the same size,
// and images of containers give all files one time.
func (f *file) addBuildToETag(path string, ids []string) {
	if strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".txt") {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(strings.Join(ids, "/"))) // it never fails
		build := strconv.FormatUint(uint64(sum.Sum32()), 16)
		f.head.etag = []string{strings.TrimSuffix(f.head.etag[0], `"`) + "-" + build + `"`}
	}
}

// Held returns how many of the files are held open, and how many there are.
func (x *Export) Held() (held, files int) { return x.index.Held() }

// ServeNotFound answers with the file at a path and 404, which nobody may store. It is false when there is no such file
// any more.
func (x *Export) ServeNotFound(
	w http.ResponseWriter, r *http.Request, path string, more []nextbuild.Header,
) (bool, error) {
	f := x.find(path)
	if f == nil {
		return false, nil
	}
	body, err := x.read(f)
	if err != nil {
		return false, nil //nolint:nilerr // the caller answers without the page
	}
	x.answer(w, f, more)
	h := w.Header()
	for _, name := range []string{"Etag", "Last-Modified"} {
		delete(h, name)
	}
	h["Cache-Control"] = []string{notStored}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodHead {
		return true, nil
	}
	if _, err := w.Write(body); err != nil {
		return true, fmt.Errorf("writing the page for what is not found: %w", err)
	}
	return true, nil
}

// read returns the content of a file.
func (x *Export) read(f *keptFile) ([]byte, error) {
	if body := f.body.Load(); body != nil {
		return *body, nil
	}
	body := make([]byte, f.size)
	opened, err := f.open()
	if err == nil && opened != nil {
		defer func() { _ = opened.Close() }() // it was only read
		_, err = io.ReadFull(opened, body)
	} else if held := f.heldAsItWas(); held != nil {
		_, err = held.ReadAt(body, 0)
	} else {
		err = errors.Join(err, os.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a file of the export: %w", err)
	}
	if f.size <= keptSize && x.memory.reserve(f.size) {
		x.keep(f, body)
	}
	return body, nil
}
