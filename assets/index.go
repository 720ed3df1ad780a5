package assets

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// staticPrefix is where the build's own files stand.
const staticPrefix = "/_next/static/"

// Index is the list of the files of one build or export. They are looked at once, when it is made; what is not in it
// does not exist. Those that may be asked for when they have been removed are held open. Any number of sets serve the
// files of one index, each as one configuration wants it.
//
// It lives until it is closed and the last of its sets has given it back.
type Index struct {
	files    map[string]*file
	roots    []*os.Root
	basePath string
	buildID  string           // "" of an export
	changing string           // Cache-Control of files whose content a deploy may change, without a CDN
	held     int              // files
	unread   map[string]error // by folder, of the first file
	// archived is the list of an archive that was made of the files last.
	archived atomic.Pointer[archivedBuild]

	mu   sync.Mutex
	uses int
}

// file is one file of a build.
type file struct {
	at      int    // its place in each set
	path    string // of the URL, below the basePath
	root    *os.Root
	name    string // below root
	size    int64
	modTime time.Time // zero: the name tells the content
	head    head
	held    *os.File // nil: it is not held open
}

// NewIndex looks at the files of a build. The files that a build has no directory for are not in the index, nor are
// those that cannot be looked at. Those below /_next/static are held open: pages of the build that are still open
// somewhere ask for them when the next build has removed them.
func NewIndex(b *nextbuild.Build) (*Index, error) {
	x := newIndex(len(b.Static)+len(b.Public), b.BasePath, asked)
	x.buildID = b.ID
	for _, part := range []struct {
		dir, prefix string
		paths       []string
	}{{b.StaticDir, staticPrefix, b.Static}, {b.PublicDir, "/", b.Public}} {
		if part.dir == "" {
			continue
		}
		root, err := x.open(part.dir)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening the files of the build: %w", err), x.Close())
		}
		for _, path := range part.paths {
			if err := x.add(root, path, strings.TrimPrefix(path, part.prefix)); err != nil {
				return nil, errors.Join(err, x.Close())
			}
		}
	}
	return x, nil
}

// NewExportIndex looks at the files of an export below basePath. Nobody else has them, so each is held open as far as
// the process may have files open.
func NewExportIndex(e *nextbuild.Export, basePath string) (*Index, error) {
	x := newIndex(len(e.Files), basePath, revalidated)
	root, err := x.open(e.Dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the export: %w", err), x.Close())
	}
	for _, path := range e.Files {
		if err := x.add(root, path, strings.TrimPrefix(path, "/")); err != nil {
			return nil, errors.Join(err, x.Close())
		}
		if f := x.files[path]; f != nil {
			f.addBuildToETag(path, e.IDs)
			if f.held == nil {
				x.hold(f)
			}
		}
	}
	return x, nil
}

func newIndex(files int, basePath, changing string) *Index {
	return &Index{files: make(map[string]*file, files), basePath: basePath, changing: changing, uses: 1}
}

// open opens a directory, which is closed with the index.
func (x *Index) open(dir string) (*os.Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err // the caller says what it is the directory of
	}
	x.roots = append(x.roots, root)
	return root, nil
}

// add adds a file by its URL path. One that is gone or cannot be looked at, or a link that leads out of the directory,
// is left to Next.js.
func (x *Index) add(root *os.Root, path, escaped string) error {
	if x.Has(path) {
		return nil // Next.js refuses a public file in the place of one of the build
	}
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return fmt.Errorf("decoding the path of a file: %w", err)
	}
	info, err := root.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil
	case err == nil:
	case isShortage(err):
		return fmt.Errorf("looking at the files of the build: %w", err)
	case errors.Is(err, fs.ErrNotExist), isEscape(err):
		return nil
	default:
		x.note(filepath.Join(root.Name(), filepath.FromSlash(name)), err)
		return nil
	}
	f := &file{at: len(x.files), path: path, root: root, name: name, size: info.Size(), modTime: info.ModTime()}
	f.head = newHead(path, x.basePath, f.size, f.modTime)
	x.files[path] = f
	if strings.HasPrefix(path, staticPrefix) {
		x.hold(f)
	}
	return nil
}

// isEscape reports whether os.Root refused to follow a link out of its directory. It has no error value for that.
func isEscape(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

// isShortage reports whether the process is short of something, which is no property of the file.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// note remembers a file that cannot be looked at, if it is the first of its folder.
func (x *Index) note(name string, err error) {
	if _, known := x.unread[filepath.Dir(name)]; known {
		return
	}
	if x.unread == nil {
		x.unread = map[string]error{}
	}
	x.unread[filepath.Dir(name)] = fmt.Errorf("%s: %w", name, err)
}

// Unread returns why files of the build could not be looked at: an error for the first of each folder.
func (x *Index) Unread() []error {
	var errs []error
	for _, folder := range slices.Sorted(maps.Keys(x.unread)) {
		errs = append(errs, x.unread[folder])
	}
	return errs
}

// Has reports whether there is a file at a path below the basePath: a link that leads out of the directory is none.
func (x *Index) Has(path string) bool { return x.files[path] != nil }

// Held returns how many of the files are held open, and how many there are.
func (x *Index) Held() (held, files int) { return x.held, len(x.files) }

// retain counts a user more.
func (x *Index) retain() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.uses++
}

// Close gives the index back. When all of its sets have done so too, what is held is closed.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.uses--
	if x.uses > 0 {
		return nil
	}
	var errs []error
	for _, f := range x.files {
		if f.held != nil {
			errs = append(errs, f.held.Close())
		}
	}
	heldFiles.Add(-int64(x.held))
	for _, root := range x.roots {
		errs = append(errs, root.Close())
	}
	return errors.Join(errs...)
}
