package pagecache

import (
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// pageID names a page.
type pageID struct{ space, group string }

func pageOf(key blobstore.Key) pageID { return pageID{key.Space, key.Group} }

// flights are the fetches of this moment.
type flights struct {
	sequencer *sequencer
	ended     atomic.Uint64 // how many: if that has not changed, nothing has arrived

	mu    sync.Mutex
	byKey map[blobstore.Key]*flight // those that may be joined
	open  map[*flight]struct{}      // all
	pages map[pageID]*openPage
}

// openPage is a page of which something is being fetched.
type openPage struct {
	flights int
	since   sequence // when the first one began
	arrived sequence // when the last one has come; 0: none
}

func newFlights(c *sequencer) *flights {
	return &flights{sequencer: c, byKey: map[blobstore.Key]*flight{}, open: map[*flight]struct{}{},
		pages: map[pageID]*openPage{}}
}

// enter finds the fetch of a key, with a reader of it, or begins the one that is given: then mine is true. The reader
// is nil for a fetch that can no longer be joined.
func (s *flights) enter(fl *flight) (found *flight, r *bodyReader, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byKey[fl.key]; found != nil {
		return found, found.body.join(false), false
	}
	s.begin(fl)
	s.byKey[fl.key] = fl
	return fl, nil, true
}

// beginUnshared begins a fetch that nobody joins.
func (s *flights) beginUnshared(fl *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(fl)
}

// begin notes a fetch. The caller holds the lock, so a purge either has a number before it or finds it.
func (s *flights) begin(fl *flight) {
	fl.begun = s.sequencer.next()
	s.open[fl] = struct{}{}
	page := s.pages[pageOf(fl.key)]
	if page == nil {
		page = &openPage{since: fl.begun}
		s.pages[pageOf(fl.key)] = page
	}
	page.flights++
}

// end forgets a fetch.
func (s *flights) end(fl *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended.Add(1)
	s.unlist(fl)
	delete(s.open, fl)
	id := pageOf(fl.key)
	if page := s.pages[id]; page != nil {
		if page.flights--; page.flights == 0 {
			delete(s.pages, id)
		}
	}
}

// unlist keeps others from joining. The caller holds the lock.
func (s *flights) unlist(fl *flight) {
	if s.byKey[fl.key] == fl {
		delete(s.byKey, fl.key)
	}
}

// arrived notes that an answer of a page has come as a whole: it gives the sequence number of that, and the floor that
// the page has if nothing else is known of it.
func (s *flights) arrived(fl *flight) (now, oldest sequence, void bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = s.sequencer.next()
	page := s.pages[pageOf(fl.key)]
	oldest = max(page.since, page.arrived)
	page.arrived = now
	return now, oldest, fl.void
}

// overtake keeps others from joining the fetches of a page that began before an answer had come.
func (s *flights) overtake(by *flight, arrived sequence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for fl := range s.open {
		if fl != by && fl.begun < arrived && pageOf(fl.key) == pageOf(by.key) {
			s.unlist(fl)
		}
	}
}

// purge makes fetches void, and reports whether there are some.
func (s *flights) purge(of func(*flight) bool) (some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for fl := range s.open {
		if of(fl) {
			fl.void, some = true, true
			s.unlist(fl)
		}
	}
	return some
}

func (s *flights) isVoid(fl *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fl.void
}
