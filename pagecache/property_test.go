package pagecache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// world is an upstream whose pages have versions. An answer takes time: its version is that of some moment on the way.
type world struct {
	mu       sync.Mutex
	versions map[string]int
	failing  atomic.Bool
	personal atomic.Bool // answers are for one visitor
	lets     int         // how often at most it lets others go on before and after it looks at the version
}

// mine stands in the place of the variant in what is for one visitor.
const mine = "mine"

func (w *world) letOthers() {
	for range rand.IntN(w.lets + 1) {
		runtime.Gosched()
	}
}

func (w *world) version(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.versions[path]
}

func (w *world) publish(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[path]++
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	w.letOthers()
	version, variant := w.version(r.URL.Path), numberOf(r)
	w.letOthers()
	personal := w.personal.Load()
	if r.Header.Get("Authorization") != "" || personal {
		variant = mine // a draft, or what is for this visitor only, marked as Next.js marks it
	}
	if w.failing.Load() {
		switch rand.IntN(3) {
		case 0:
			rw.WriteHeader(http.StatusInternalServerError)
			return
		case 1:
			h.Set("Cache-Control", "s-maxage=60")
			_, _ = io.WriteString(rw, r.URL.Path)
			panic(http.ErrAbortHandler)
		}
	}
	h.Set("Cache-Control", "s-maxage=10, stale-while-revalidate=30, stale-if-error=1000")
	h.Set(policy.TagsHeader, "all,"+r.URL.Path)
	if personal {
		h.Set("Set-Cookie", "a=b")
	}
	text := fmt.Sprintf("%s %s %d .", r.URL.Path, variant, version)
	if variant == "0" { // as Next.js: only HTML has an ETag, and a length
		h.Set("Etag", strconv.Quote(strconv.Itoa(version)))
		if r.Header.Get("If-None-Match") == h.Get("Etag") {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	for part := range strings.SplitAfterSeq(text, " ") {
		_, _ = io.WriteString(rw, part)
		rw.(http.Flusher).Flush()
	}
}

// observer knows the newest version of each page that a client has got.
type observer struct {
	mu   sync.Mutex
	seen map[string]int
}

func (o *observer) newest(path string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[path]
}

func (o *observer) saw(path string, version int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[path] = max(o.seen[path], version)
}

// check asks for a page and compares the answer with what may be answered: this page, this variant, a version that
// there is, and none that is older than what anybody had before the request began. It returns that version; ok is false
// if the upstream has failed.
//
// What is for one visitor is never what another one gets: such an answer has come from the upstream.
func (o *observer) check(t *testing.T, s *site, w *world, path string, variant policy.Variant, headers ...string) (version int, ok bool) {
	before := o.newest(path)
	var a answer
	func() {
		defer func() {
			if p := recover(); p != nil {
				require.Equal(t, http.ErrAbortHandler, p)
				a.err = http.ErrAbortHandler
			}
		}()
		a = s.ask(path, variant, headers...)
	}()
	now := w.version(path)
	if a.err != nil {
		return 0, false
	}
	if a.Code == http.StatusInternalServerError {
		require.NotEqual(t, policy.ResultHit, a.result.Kind)
		return 0, false
	}
	require.Equal(t, http.StatusOK, a.Code)
	fields := strings.Fields(a.body())
	require.Len(t, fields, 4, "%q %+v", a.body(), a.result)
	require.Equal(t, path, fields[0])
	if fields[1] == mine {
		require.Contains(t, []policy.ResultKind{policy.ResultMiss, policy.ResultBypass}, a.result.Kind, "%+v", a.result)
		require.NotContains(t, a.Header(), "Age", "%+v", a.result)
	} else {
		require.Empty(t, headers, "who asks for a draft gets one")
		require.Equal(t, strconv.Itoa(int(variant)), fields[1])
	}
	version, err := strconv.Atoi(fields[2])
	require.NoError(t, err)
	require.LessOrEqual(t, version, now)
	if a.result.Reason != policy.ReasonError { // a good copy stands in, whatever its age
		require.GreaterOrEqual(t, version, before, "%s %d: %+v", path, variant, a.result)
	}
	if fields[1] != mine { // a draft is not a version of the page
		o.saw(path, version)
	}
	return version, a.result.Reason != policy.ReasonError
}

// TestNobodyGetsAnOlderVersion runs random sequences of requests, drafts, publications, changes by a request, purges,
// failures and restarts.
func TestNobodyGetsAnOlderVersion(t *testing.T) {
	paths, variants := []string{"/a", "/b"}, []policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantPrefetch, policy.VariantSegment}
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			w := &world{versions: map[string]int{}}
			o := &observer{seen: map[string]int{}}
			s := newSite(t, Settings{}, w.ServeHTTP)
			for range 300 {
				path, variant := paths[random.IntN(len(paths))], variants[random.IntN(len(variants))]
				switch n := random.IntN(100); {
				case n < 50:
					o.check(t, s, w, path, variant)
				case n < 54:
					o.check(t, s, w, path, variant, "Authorization", "draft")
				case n < 56:
					w.personal.Store(!w.personal.Load())
				case n < 60:
					changeAndCheck(t, s, w, o, path, variant)
				case n < 70:
					w.publish(path)
				case n < 80:
					s.pass(time.Duration(random.IntN(20)) * time.Second)
				case n < 84:
					w.failing.Store(!w.failing.Load())
				case n < 88:
					s.down.Store(!s.down.Load())
				case n < 92:
					s.idle()
				case n < 95:
					s.restart()
				default:
					purgeAndCheck(t, s, w, o, random, path)
				}
			}
		})
	}
}

// changeAndCheck publishes a page by a request, as an action or an API does: who asks after that sees it, unless the
// upstream fails.
func changeAndCheck(t *testing.T, s *site, w *world, o *observer, path string, variant policy.Variant) {
	w.publish(path)
	version := w.version(path)
	s.cache.Invalidate(httptest.NewRequest(http.MethodPost, path, nil), s.facts(path, variant), http.StatusSeeOther, nil)
	if seen, ok := o.check(t, s, w, path, variant); ok {
		require.Equal(t, version, seen)
	}
}

// purgeAndCheck purges a page in one of the ways: what is published before a hard purge is what is served after it.
func purgeAndCheck(t *testing.T, s *site, w *world, o *observer, random *rand.Rand, path string) {
	selectors := []Selector{{Group: groupOf(path)}, {Prefix: path}, {Tag: path}, {Tag: "all"}, {All: true}}
	selector := selectors[random.IntN(len(selectors))]
	selector.Space, selector.Soft = "zone", random.IntN(2) == 0
	w.publish(path)
	version := w.version(path)
	require.NoError(t, s.cache.Purge(selector))
	if selector.Soft {
		return
	}
	if a := func() (a answer) {
		defer func() { _ = recover() }() // the upstream breaks off
		return s.ask(path, policy.VariantHTML)
	}(); a.ResponseRecorder != nil && a.err == nil && a.Code == http.StatusOK {
		fields := strings.Fields(a.body())
		require.Len(t, fields, 4)
		require.Equal(t, strconv.Itoa(version), fields[2], "%+v %+v", selector, a.result)
		o.saw(path, version)
	}
}

// TestNobodyGetsAnOlderVersionAtOnce does the same with many clients at once.
func TestNobodyGetsAnOlderVersionAtOnce(t *testing.T) {
	variants := []policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantSegment}
	w := &world{versions: map[string]int{}, lets: 100}
	o := &observer{seen: map[string]int{}}
	s := newSite(t, Settings{}, w.ServeHTTP)
	var clients sync.WaitGroup
	for client := range uint64(8) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(client, 9))
			for range 600 {
				path := []string{"/a", "/b"}[random.IntN(2)]
				switch n := random.IntN(100); {
				case n < 80:
					o.check(t, s, w, path, variants[random.IntN(len(variants))])
				case n < 84:
					o.check(t, s, w, path, variants[random.IntN(len(variants))], "Authorization", "draft")
				case n < 86:
					w.publish(path)
					s.cache.Invalidate(httptest.NewRequest(http.MethodPost, path, nil), s.facts(path, policy.VariantHTML), http.StatusOK, nil)
				case n < 88:
					w.personal.Store(random.IntN(3) == 0)
				case n < 91:
					w.publish(path)
				case n < 95:
					s.pass(time.Duration(random.IntN(10)) * time.Second)
				case n < 97:
					w.failing.Store(random.IntN(3) == 0)
				default:
					selector := []Selector{{Group: groupOf(path)}, {Tag: path}, {All: true}}[random.IntN(3)]
					selector.Space, selector.Soft = "zone", random.IntN(2) == 0
					if err := s.cache.Purge(selector); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	clients.Wait()
	s.idle()
	require.Zero(t, s.cache.Stats().Filling)
	require.Nil(t, onlyFlight(s.cache))
}
