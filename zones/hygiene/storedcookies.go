package hygiene

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"unsafe"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

const (
	// storedCookieSize is what a cookie counts: an element of a map that is between half and entirely full.
	storedCookieSize = 2 * int64(unsafe.Sizeof(uint64(0))+1)
	// maxStoredCookies bounds the bytes of the cookies that are remembered.
	maxStoredCookies = 1 << 20
)

// StoredCookies remembers the cookies of prerendered route handlers by hashes of build, path, name and value. Two with
// one hash are taken for one. It may be used from many requests at once.
type StoredCookies struct {
	seed maphash.Seed

	mu sync.Mutex
	// What comes goes into now, until that has half of the bound; then it becomes before, and what was there is
	// forgotten.
	now, before map[uint64]struct{}
}

// NewStoredCookies returns an empty memory of at most 1 MiB.
func NewStoredCookies() *StoredCookies { return &StoredCookies{seed: maphash.MakeSeed()} }

// storedCookie is a cookie and where it comes from.
type storedCookie struct{ build, path, name, value string }

func (s *StoredCookies) has(c storedCookie) bool {
	id := maphash.Comparable(s.seed, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.now[id]; ok {
		return true
	}
	_, ok := s.before[id]
	if ok {
		s.keep(id)
	}
	return ok
}

func (s *StoredCookies) add(c storedCookie) {
	id := maphash.Comparable(s.seed, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(id)
}

func (s *StoredCookies) keep(id uint64) {
	if s.now == nil || int64(len(s.now)+1)*storedCookieSize > maxStoredCookies/2 {
		s.before, s.now = s.now, map[uint64]struct{}{}
	}
	s.now[id] = struct{}{}
}

// Size returns how many bytes are remembered.
func (s *StoredCookies) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.now)+len(s.before)) * storedCookieSize
}

// CleanedCookies is what StoredCookies.Clean has done.
type CleanedCookies struct {
	// Removed counts the cookies that were taken off the answer.
	Removed int
	// Passed counts those that are stored too, but had not come before. First is the name of the first of them, Page
	// the pattern of the route handler.
	Passed      int
	First, Page string
}

// Clean removes from an answer the cookies that Next.js has stored with a prerendered route handler and
// gives to everybody. A cookie is taken for one if the answer comes from Next.js's store, neither middleware nor
// headers() of the build sets it, it is no cookie of draft mode, and the same name and value have come from that path
// before. A cookie without a value tells nothing of a visitor, and stays.
//
// It looks at the names that Next.js has given, so it comes before CookieScope.CleanResponse.
func (s *StoredCookies) Clean(h http.Header, ruleSet *rules.Set, v *rules.Verdict) (done CleanedCookies) {
	lines := h["Set-Cookie"]
	state := httpheader.First(h, "X-Nextjs-Cache")
	if len(lines) == 0 || state == "" {
		return done
	}
	route, ok := ruleSet.StoredRoute(v)
	if !ok {
		return done
	}
	var fresh []storedCookie // two of one answer may differ in path or domain
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		name, value := cookiePair(pair)
		cookie := storedCookie{ruleSet.BuildHash(), route.Path, name, value}
		switch {
		case value == "", name == bypassCookie, name == previewCookie, ruleSet.SetsCookie(name):
			kept = append(kept, line)
			continue
		case state != "HIT" && state != "STALE":
			// It was made for this visitor, and stored.
		case s.has(cookie):
			done.Removed++
			continue
		default:
			if done.Passed++; done.First == "" {
				done.First, done.Page = name, route.Page
			}
		}
		kept = append(kept, line)
		fresh = append(fresh, cookie)
	}
	for _, cookie := range fresh {
		s.add(cookie)
	}
	switch {
	case done.Removed == 0:
	case len(kept) == 0:
		delete(h, "Set-Cookie")
	default:
		h["Set-Cookie"] = kept
	}
	return done
}
