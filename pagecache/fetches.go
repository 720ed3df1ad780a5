package pagecache

import (
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// pageID names a page.
type pageID struct{ space, group string }

func pageOf(key blobstore.Key) pageID { return pageID{key.Space, key.Group} }

// fetches are the fetches of this moment.
type fetches struct {
	sequencer *sequencer
	ended     atomic.Uint64 // how many: if that has not changed, nothing has arrived

	mu    sync.Mutex
	byKey map[blobstore.Key]*fetch // those that may be joined
	open  map[*fetch]struct{}      // all
	pages map[pageID]*openPage
}

// openPage is a page of which something is being fetched.
type openPage struct {
	fetches int
	since   sequence // when the first one began
	arrived sequence // when the last one has come; 0: none
}

func newFetches(s *sequencer) *fetches {
	return &fetches{
		sequencer: s, byKey: map[blobstore.Key]*fetch{}, open: map[*fetch]struct{}{},
		pages: map[pageID]*openPage{},
	}
}

// enter finds the fetch of a key, with a reader of it, or begins the one that is given: then mine is true. The reader
// is nil for a fetch that can no longer be joined.
func (f *fetches) enter(fl *fetch) (found *fetch, r *bodyReader, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found := f.byKey[fl.key]; found != nil {
		return found, found.body.join(false), false
	}
	f.begin(fl)
	f.byKey[fl.key] = fl
	return fl, nil, true
}

// beginAlone begins a fetch that nobody joins.
func (f *fetches) beginAlone(fl *fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begin(fl)
}

// begin notes a fetch. The caller holds the lock, so a purge either has a number before it or finds it.
func (f *fetches) begin(fl *fetch) {
	fl.begun = f.sequencer.next()
	f.open[fl] = struct{}{}
	page := f.pages[pageOf(fl.key)]
	if page == nil {
		page = &openPage{since: fl.begun}
		f.pages[pageOf(fl.key)] = page
	}
	page.fetches++
}

// end forgets a fetch.
func (f *fetches) end(fl *fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended.Add(1)
	f.unlist(fl)
	delete(f.open, fl)
	id := pageOf(fl.key)
	if page := f.pages[id]; page != nil {
		if page.fetches--; page.fetches == 0 {
			delete(f.pages, id)
		}
	}
}

// unlist keeps others from joining. The caller holds the lock.
func (f *fetches) unlist(fl *fetch) {
	if f.byKey[fl.key] == fl {
		delete(f.byKey, fl.key)
	}
}

// noteArrival notes that an answer of a page has come as a whole: it gives the sequence number of that, and the floor
// that the page has if nothing else is known of it.
func (f *fetches) noteArrival(fl *fetch) (now, oldest sequence, void bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now = f.sequencer.next()
	page := f.pages[pageOf(fl.key)]
	oldest = max(page.since, page.arrived)
	page.arrived = now
	return now, oldest, fl.void
}

// overtake keeps others from joining the fetches of a page that began before an answer had come.
func (f *fetches) overtake(by *fetch, arrived sequence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for fl := range f.open {
		if fl != by && fl.begun < arrived && pageOf(fl.key) == pageOf(by.key) {
			f.unlist(fl)
		}
	}
}

// purge makes fetches void, and reports whether there are some.
func (f *fetches) purge(of func(*fetch) bool) (some bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for fl := range f.open {
		if of(fl) {
			fl.void, some = true, true
			f.unlist(fl)
		}
	}
	return some
}

func (f *fetches) isVoid(fl *fetch) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fl.void
}
