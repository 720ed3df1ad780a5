package zones

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"time"
	"unsafe"
)

const (
	// MaxFloodCount bounds FloodLimit.Count: the time of each of these is remembered.
	MaxFloodCount = 1000
	// maxFlood bounds what is remembered, in bytes.
	maxFlood = 4 << 20
	// floodSize is what a client's request counts, without its times: an element of a map that is between half and
	// entirely full, and what it points to.
	floodSize = 2*int64(unsafe.Sizeof(uint64(0))+unsafe.Sizeof((*floodTimes)(nil))) + int64(unsafe.Sizeof(floodTimes{}))
)

// FloodLimit is how often a client may ask for the same segment: Count times, at least one, within Window.
type FloodLimit struct {
	Count  int
	Window time.Duration
}

// FloodKey is one segment as one client asks for it.
type FloodKey struct{ space, host, path, rawPath, query, segment, address, cookie string }

// FloodKeyOf returns what a request asks for, and which client does.
func FloodKeyOf(r *http.Request, space, address string) FloodKey {
	return FloodKey{
		space: space, host: r.Host, path: r.URL.Path, rawPath: r.URL.RawPath, query: r.URL.RawQuery,
		segment: joined(r.Header[SegmentHeader.Name]), address: address, cookie: joined(r.Header["Cookie"]),
	}
}

func joined(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values, "\n")
}

// Flood finds clients that ask for the same segment over and over. A client's request is remembered by a hash, so
// nothing of it stays; two with one hash are counted together. What is remembered is bounded: if there are too many,
// those that were not made of late are forgotten, and counted anew.
type Flood struct {
	seed maphash.Seed

	mu sync.Mutex
	// What is asked for goes into now, until that has half of the bound; then it becomes before, and what was there is
	// forgotten.
	now, before           map[uint64]*floodTimes
	nowBytes, beforeBytes int64
	dropped               uint64
}

// NewFlood returns a Flood that has seen nothing.
func NewFlood() *Flood { return &Flood{seed: maphash.MakeSeed(), now: map[uint64]*floodTimes{}} }

// Exceeds reports whether a request is above the limit of its client. One that is does not count.
func (f *Flood) Exceeds(key FloodKey, limit FloodLimit, now time.Time) bool {
	id := maphash.Comparable(f.seed, key)
	f.mu.Lock()
	defer f.mu.Unlock()
	times := f.now[id]
	if times == nil {
		if times = f.before[id]; times != nil {
			delete(f.before, id)
			f.beforeBytes -= times.size()
		} else {
			times = new(floodTimes)
		}
		f.now[id] = times
		f.nowBytes += times.size()
	}
	f.nowBytes -= times.size()
	more := times.exceeds(limit, now.UnixNano())
	f.nowBytes += times.size()
	if f.nowBytes >= maxFlood/2 {
		f.forget(now.Add(-limit.Window).UnixNano())
	}
	return more
}

// forget makes room. What was asked for since a moment is forgotten too early.
func (f *Flood) forget(since int64) {
	for _, times := range f.before {
		if times.newest() > since {
			f.dropped++
		}
	}
	f.before, f.beforeBytes = f.now, f.nowBytes
	f.now, f.nowBytes = map[uint64]*floodTimes{}, 0
}

// Size returns how many bytes are remembered, and how many requests were forgotten before their time.
func (f *Flood) Size() (bytes int64, dropped uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.nowBytes + f.beforeBytes, f.dropped
}

// floodTimes are the times of the last requests that were passed on, in nanoseconds since 1970.
type floodTimes struct {
	at   []int64 // a ring once it has as many as may be
	next int     // where the oldest is, in a ring
}

// exceeds reports whether the window is full, and counts the request if it is not.
func (t *floodTimes) exceeds(limit FloodLimit, now int64) bool {
	if len(t.at) > limit.Count || len(t.at) < limit.Count && t.next > 0 {
		t.at, t.next = nil, 0 // of another limit
	}
	if len(t.at) < limit.Count {
		t.at = append(t.at, now)
		return false
	}
	if t.at[t.next] > now-int64(limit.Window) {
		return true
	}
	t.at[t.next] = now
	t.next = (t.next + 1) % len(t.at)
	return false
}

func (t *floodTimes) newest() int64 { return t.at[(t.next+len(t.at)-1)%len(t.at)] }

func (t *floodTimes) size() int64 {
	return floodSize + int64(cap(t.at))*int64(unsafe.Sizeof(int64(0)))
}
