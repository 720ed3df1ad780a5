package pagecache

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// site is a cache with an upstream and a clock.
type site struct {
	t        testing.TB
	settings Settings
	dir      string
	memory   int64
	store    *blobstore.Store
	cache    *Cache
	now      atomic.Int64
	upstream http.HandlerFunc
	fetches  atomic.Int64
	mu       sync.Mutex
	asked    []*http.Request
	running  sync.WaitGroup
	down     atomic.Bool
	recheck  time.Duration

	deployment string
	said       policy.Said // what the upstream says to the edge alone, beside its tags
	shared404  time.Duration
	shortened  atomic.Int64
}

var errDown = fmt.Errorf("dial upstream: refused")

func newSite(t testing.TB, settings Settings, upstream http.HandlerFunc) *site {
	before := goleak.IgnoreCurrent() // of synctest, for one
	s := &site{t: t, settings: settings, dir: t.TempDir(), upstream: upstream}
	s.now.Store(time.Unix(1_800_000_000, 0).UnixNano())
	s.open()
	t.Cleanup(func() {
		s.close()
		if test, ok := t.(*testing.T); ok { // a benchmark has goroutines of its own
			goleak.VerifyNone(test, before)
		}
	})
	return s
}

func (s *site) open() {
	var err error
	s.store, err = blobstore.Open(blobstore.Settings{Dir: s.dir, Memory: s.memory})
	require.NoError(s.t, err)
	s.cache, err = New(s.store, s.settings)
	require.NoError(s.t, err)
}

func (s *site) close() {
	s.running.Wait()
	s.cache.Close()
	require.NoError(s.t, s.store.Close())
}

func (s *site) restart() {
	s.close()
	s.open()
}

// pass lets time go by.
func (s *site) pass(d time.Duration) { s.now.Add(int64(d)) }

// idle waits until nothing is fetched in the background.
func (s *site) idle() {
	require.Eventually(s.t, func() bool { return s.cache.revalidating.Load() == 0 }, 10*time.Second, 100*time.Microsecond)
}

// next asks the upstream, whose answers say what those of Next.js do unless it says something else. Their tags are
// taken off, as the transport does.
func (s *site) next(w http.ResponseWriter, r *http.Request, said *policy.Said) error {
	s.fetches.Add(1)
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	if s.down.Load() {
		return errDown
	}
	w.Header().Set("Content-Type", "text/html")
	if variant := variantOf(r); variant != policy.VariantHTML && variant != policy.VariantData {
		w.Header().Set("Content-Type", rsc)
		w.Header().Set("X-Nextjs-Prerender", "1")
	}
	heard := &hearing{ResponseWriter: w, said: said}
	s.upstream(heard, r)
	heard.hear()
	return nil
}

// facts are those of a request that a test asks for: "/path", with a variant.
func (s *site) facts(path string, variant policy.Variant) policy.Facts {
	return policy.Facts{
		Space: "zone", Path: path, Class: policy.ClassPage, Variant: variant, Recheck: s.recheck,
		Deployment: s.deployment, Now: time.Unix(0, s.now.Load()), Said: new(s.said),
		Shared404: s.shared404, Shortened: func() { s.shortened.Add(1) },
	}
}

func (s *site) serve(w http.ResponseWriter, r *http.Request, f policy.Facts) (Result, error) {
	path := r.URL.Path
	next := func(w http.ResponseWriter, r *http.Request) error { return s.next(w, r, f.Said) }
	return s.cache.Serve(w, r, f, next, func() Refetch {
		return func(ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said) error {
			*said = s.said
			again := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
			again.Header = headersOf(as)
			if etag != "" {
				again.Header.Set("If-None-Match", etag)
			}
			return s.next(w, again, said)
		}
	})
}

type answer struct {
	*httptest.ResponseRecorder
	result Result
	err    error
}

func (a answer) body() string { return a.Body.String() }

func (a answer) status() string { return a.Header().Get("Cache-Status") }

// ask asks for a variant of a page, with headers as pairs.
func (s *site) ask(path string, variant policy.Variant, headers ...string) answer {
	return s.request(httptest.NewRequest(http.MethodGet, path, nil), variant, headers...)
}

func (s *site) request(r *http.Request, variant policy.Variant, headers ...string) answer {
	for name, values := range headersOf(variant) {
		r.Header[name] = values
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	f := s.facts(r.URL.Path, variant)
	f.NextURL = r.Header.Get("Next-Url")
	a.result, a.err = s.serve(a, r, f)
	return a
}

// over serves over HTTP.
func (s *site) over() *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.serve(w, r, s.facts(r.URL.Path, variantOf(r))); err != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	s.t.Cleanup(server.Close)
	return server
}
