package assets

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Set serves the files of an index as one configuration wants it: it has what is kept of them in memory and as
// compressed copies. It costs some bytes per file. It may be used from many requests at once.
type Set struct {
	index    *Index
	kept     []keptFile // by file.at
	memory   *Memory
	copies   *Copies
	changing []string // Cache-Control of files whose content a deploy may change

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

// keptFile is a file, and what a set keeps of it.
type keptFile struct {
	*file
	body   atomic.Pointer[[]byte]
	copies atomic.Pointer[[]fileCopy]
}

// NewSet returns a set of the files of a build that nobody else serves: see NewIndex.
func NewSet(b *nextbuild.Build, settings Settings) (*Set, error) {
	index, err := NewIndex(b)
	if err != nil {
		return nil, err
	}
	return index.only(settings)
}

// only returns the only set of an index.
func (x *Index) only(settings Settings) (*Set, error) {
	s := x.NewSet(settings)
	if err := x.Close(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// NewSet returns a set of the files, which keeps the index until it is closed.
func (x *Index) NewSet(settings Settings) *Set {
	x.retain()
	changing := x.changing
	if settings.CDN {
		changing = SharedCacheControl
	}
	s := &Set{
		index: x, kept: make([]keptFile, len(x.files)),
		memory: settings.Memory, copies: settings.Copies, changing: []string{changing},
	}
	for _, f := range x.files {
		s.kept[f.at].file = f
	}
	settings.Copies.add(s)
	return s
}

// Unread returns why files of the build could not be looked at: an error for the first of each folder.
func (s *Set) Unread() []error { return s.index.Unread() }

// Has reports whether there is a file at a path below the basePath.
func (s *Set) Has(path string) bool { return s.index.Has(path) }

// find returns the file at a path, nil if there is none.
func (s *Set) find(path string) *keptFile {
	if f := s.index.files[path]; f != nil {
		return &s.kept[f.at]
	}
	return nil
}

// keep keeps the body of a file in memory; the room for it is reserved.
func (s *Set) keep(f *keptFile, body []byte) {
	if !f.body.CompareAndSwap(nil, &body) {
		s.memory.release(f.size)
	} else if s.closed.Load() {
		s.forget(f)
	}
}

func (s *Set) forget(f *keptFile) {
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
