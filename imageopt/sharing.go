package imageopt

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// sharing keeps pixels that several jobs of one source want, within a bound.
type sharing struct {
	mu      sync.Mutex
	limit   int64 // bytes; negative: nothing is shared
	bytes   int64 // of what is kept or being made
	sources map[string]*sharedSource
	idle    list.List // of *keptPixels that nobody uses, the least recently used first
	used    atomic.Int64
}

// sharedSource is a source that jobs wait for, or run with.
type sharedSource struct {
	name    string
	members map[*member]struct{}
	kept    map[vips.Stage]*keptPixels
	plan    vips.Plan // good once a stage was asked for
	broken  bool      // pixels failed that were to be kept: each job is on its own
}

// keptPixels are pixels that are there for others, or soon will be.
type keptPixels struct {
	source *sharedSource
	stage  vips.Stage
	made   chan struct{} // closed when pixels is final
	pixels *vips.Pixels  // nil: they did not come
	bytes  int64
	users  int
	place  *list.Element // in idle
}

func newSharing(limit int64) *sharing {
	return &sharing{limit: limit, sources: map[string]*sharedSource{}}
}

// resize changes the bound. What is in use stays until it is released.
func (s *sharing) resize(limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limit
	s.shrinkTo(max(limit, 0))
}

// kept is how many bytes are kept or being made.
func (s *sharing) kept() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// join counts a job among those of its source, from when it begins to wait. It is nil if the job shares nothing.
func (s *sharing) join(job Job) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job.Source == "" || s.limit < 0 {
		return nil
	}
	source := s.sources[job.Source]
	if source == nil {
		source = &sharedSource{name: job.Source, members: map[*member]struct{}{}, kept: map[vips.Stage]*keptPixels{}}
		s.sources[job.Source] = source
	}
	m := &member{sharing: s, source: source, width: job.Width}
	source.members[m] = struct{}{}
	return m
}

// reserve takes a place of bytes, if need be from pixels that nobody uses.
func (s *sharing) reserve(bytes int64) bool {
	if bytes > s.limit {
		return false
	}
	s.shrinkTo(s.limit - bytes)
	if s.bytes+bytes > s.limit {
		return false
	}
	s.bytes += bytes
	return true
}

// shrinkTo drops pixels that nobody uses, the least recently used first, until no more than a number of bytes is kept.
func (s *sharing) shrinkTo(bytes int64) {
	for s.bytes > bytes && s.idle.Len() > 0 {
		s.drop(s.idle.Front().Value.(*keptPixels))
	}
}

// take makes a job a user of pixels.
func (s *sharing) take(k *keptPixels) {
	if k.users++; k.place != nil {
		s.idle.Remove(k.place)
		k.place = nil
	}
}

// leave ends the use by a job.
func (s *sharing) leave(k *keptPixels) {
	if k.users--; k.users > 0 {
		return
	}
	if k.pixels == nil {
		return
	}
	k.place = s.idle.PushBack(k)
	s.shrinkTo(max(s.limit, 0))
	s.settle(k.source)
}

// settle drops the pixels of a source that no job uses and no other could: those that run already count, because where
// two widths are asked for at a time, the next one comes when one of them is done.
func (s *sharing) settle(source *sharedSource) {
	for _, k := range source.kept {
		if k.users == 0 && !source.fits(k.stage) {
			s.drop(k)
		}
	}
}

// drop closes pixels that nobody uses.
func (s *sharing) drop(k *keptPixels) {
	s.idle.Remove(k.place)
	delete(k.source.kept, k.stage)
	s.bytes -= k.bytes
	k.pixels.Close()
}

// ready waits until the pixels are there, as long as the context lasts.
func (k *keptPixels) ready(ctx context.Context) bool {
	select {
	case <-k.made:
		return k.pixels != nil
	case <-ctx.Done():
		return false
	}
}

// fits says whether a job that waits or runs has a stage on its way.
func (source *sharedSource) fits(stage vips.Stage) bool {
	for m := range source.members {
		if decoded, resized := source.plan.Stages(m.width); decoded == stage || resized == stage {
			return true
		}
	}
	return false
}
