// Package assets serves the files that a build brings, from disk and memory, without asking Next.js.
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

// Set are the files of one build. They are known when the set is made; what is not in it does not exist. It may be used from many
// requests at once.
type Set struct {
	files          map[string]*file
	static, public *os.Root
	memory         *Memory
	copies         *Copies
	basePath       string
	changing       string           // Cache-Control of files whose content a deploy may change
	held           int              // files
	unread         map[string]error // by folder, of the first file

	mu     sync.Mutex
	users  int
	closed atomic.Bool // changed under mu
}

// Settings say how files are served. The zero value serves them from disk.
type Settings struct {
	Memory *Memory // holds what is asked for; nil: nothing is held
	Copies *Copies // makes and keeps compressed copies; nil: none are made
	CDN    bool    // shared caches in front are purged when the files change, and may keep them until then
}

// file is one file of a build.
type file struct {
	root    *os.Root
	name    string // below root
	size    int64
	modTime time.Time
	head    head
	body    atomic.Pointer[[]byte] // kept in memory
	held    *os.File               // nil: it is not held open
	copies  atomic.Pointer[[]fileCopy]
}

// NewSet prepares the files of a build. The files that a build has no directory for are not in the set, nor are those
// that cannot be looked at. Those below /_next/static are held open: pages of the build that are still open somewhere
// ask for them when the next build has removed them.
func NewSet(b *nextbuild.Build, settings Settings) (*Set, error) {
	s := settings.newSet(len(b.Static)+len(b.Public), b.BasePath, asked)
	for _, part := range []struct {
		dir    string
		root   **os.Root
		prefix string
		paths  []string
	}{{b.StaticDir, &s.static, staticPrefix, b.Static}, {b.PublicDir, &s.public, "/", b.Public}} {
		if part.dir == "" {
			continue
		}
		root, err := os.OpenRoot(part.dir)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening the files of the build: %w", err), s.Close())
		}
		*part.root = root
		for _, path := range part.paths {
			if err := s.add(root, path, strings.TrimPrefix(path, part.prefix)); err != nil {
				return nil, errors.Join(err, s.Close())
			}
		}
	}
	settings.Copies.add(s)
	return s, nil
}

// newSet returns a set without files. changing is the Cache-Control of those that a deploy may change, without a CDN.
func (s Settings) newSet(files int, basePath, changing string) *Set {
	if s.CDN {
		changing = SharedCacheControl
	}
	return &Set{
		files: make(map[string]*file, files), memory: s.Memory, copies: s.Copies,
		basePath: basePath, changing: changing,
	}
}

// add adds a file by its URL path. One that is gone or cannot be looked at, or a link that leads out of the directory, is
// left to Next.js.
func (s *Set) add(root *os.Root, path, escaped string) error {
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
		s.note(filepath.Join(root.Name(), filepath.FromSlash(name)), err)
		return nil
	}
	f := &file{root: root, name: name, size: info.Size(), modTime: info.ModTime()}
	f.head = newHead(path, s.basePath, s.changing, f.size, f.modTime)
	s.files[path] = f
	if strings.HasPrefix(path, staticPrefix) {
		s.hold(f)
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
func (s *Set) note(name string, err error) {
	if _, known := s.unread[filepath.Dir(name)]; known {
		return
	}
	if s.unread == nil {
		s.unread = map[string]error{}
	}
	s.unread[filepath.Dir(name)] = fmt.Errorf("%s: %w", name, err)
}

// Unread returns why files of the build could not be looked at: an error for the first of each folder.
func (s *Set) Unread() []error {
	var errs []error
	for _, folder := range slices.Sorted(maps.Keys(s.unread)) {
		errs = append(errs, s.unread[folder])
	}
	return errs
}

// Has reports whether there is a file at a path below the basePath.
func (s *Set) Has(path string) bool { return s.files[path] != nil }

// keep keeps the body of a file in memory; the room for it is reserved.
func (s *Set) keep(f *file, body []byte) {
	if !f.body.CompareAndSwap(nil, &body) {
		s.memory.release(f.size)
	} else if s.closed.Load() {
		s.forget(f)
	}
}

func (s *Set) forget(f *file) {
	if body := f.body.Swap(nil); body != nil {
		s.memory.release(f.size)
	}
}

// Memory bounds the bytes of files that are kept in memory, over all sets that share it.
type Memory struct {
	limit int64
	used  atomic.Int64
	total *atomic.Int64
}

// NewMemory returns a bound of limit bytes. total, which several may share, counts the bytes that are kept.
func NewMemory(limit int64, total *atomic.Int64) *Memory { return &Memory{limit: limit, total: total} }

func (m *Memory) reserve(size int64) bool {
	if m == nil {
		return false
	}
	if m.used.Add(size) > m.limit {
		m.used.Add(-size)
		return false
	}
	m.total.Add(size)
	return true
}

func (m *Memory) release(size int64) {
	m.used.Add(-size)
	m.total.Add(-size)
}
