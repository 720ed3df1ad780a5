package pagecache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// plainPolicy is as small as a policy can be: Cache-Control counts, and Set-Cookie forbids.
var plainPolicy = Policy{
	KeyOf: func(_ *http.Request, f Facts, interceptable bool) (blobstore.Key, bool) {
		name := fmt.Sprintf("%d %s", f.Variant, f.Segment)
		if interceptable {
			name += " " + f.NextURL
		}
		return blobstore.Key{Space: f.Space, Group: f.Path, Name: name}, true
	},
	ForRequest: func(r *http.Request, _ Facts) Reason {
		if r.Header.Get("Authorization") != "" {
			return ReasonAuthorization
		}
		return ""
	},
	ForResponse: func(_ *http.Request, _ Facts, status int, h http.Header) Decision {
		directive := func(name string) (seconds time.Duration, ok bool) {
			for one := range strings.SplitSeq(h.Get("Cache-Control"), ", ") {
				if value, found := strings.CutPrefix(one, name+"="); found {
					n, _ := strconv.Atoi(value)
					return time.Duration(n) * time.Second, true
				}
			}
			return 0, false
		}
		d := Decision{Interceptable: h.Get("Vary") == "next-url"}
		var ok bool
		d.Fresh, ok = directive("s-maxage")
		d.StaleWhile, _ = directive("stale-while-revalidate")
		d.StaleIfError, _ = directive("stale-if-error")
		if tags := h.Get("X-Tags"); tags != "" {
			d.Tags = strings.Split(tags, ",")
		}
		switch {
		case status >= 500:
			d.Reason = ReasonStatus
		case !ok:
			d.Reason = ReasonNoFreshness
		case h.Get("Set-Cookie") != "":
			d.Reason = ReasonSetCookie
		default:
			d.Store = true
		}
		return d
	},
	ForClient: func(h http.Header, _ Facts, s Served) {
		h.Set("Cache-Status", fmt.Sprintf("%s; %s", s.Kind, s.Reason))
		if s.Kept {
			h.Set("Age", strconv.Itoa(int(s.Age.Seconds())))
		}
	},
}

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
	said       Said // what the upstream says to the edge alone
}

var errDown = fmt.Errorf("dial upstream: refused")

func newSite(t testing.TB, settings Settings, upstream http.HandlerFunc) *site {
	s := &site{t: t, settings: settings, dir: t.TempDir(), upstream: upstream}
	s.now.Store(time.Unix(1_800_000_000, 0).UnixNano())
	s.open()
	t.Cleanup(func() {
		s.close()
		if test, ok := t.(*testing.T); ok { // a benchmark has goroutines of its own
			goleak.VerifyNone(test)
		}
	})
	return s
}

func (s *site) open() {
	var err error
	s.store, err = blobstore.Open(blobstore.Settings{Dir: s.dir, Memory: s.memory})
	require.NoError(s.t, err)
	s.cache, err = New(s.store, s.settings, plainPolicy)
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

func (s *site) next(w http.ResponseWriter, r *http.Request) error {
	s.fetches.Add(1)
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	if s.down.Load() {
		return errDown
	}
	s.upstream(w, r)
	return nil
}

// query are the facts of a request that a test asks for: "/path", with a variant.
func (s *site) facts(path string, variant Variant) Facts {
	return Facts{Space: "zone", Path: path, Class: ClassPage, Variant: variant, Recheck: s.recheck, Deployment: s.deployment, Now: time.Unix(0, s.now.Load()), Said: new(s.said)}
}

func (s *site) serve(w http.ResponseWriter, r *http.Request, f Facts) (Result, error) {
	path := r.URL.Path
	return s.cache.Serve(w, r, f, s.next, func() Again {
		return func(ctx context.Context, w http.ResponseWriter, as Variant, etag string, said *Said) error {
			*said = s.said
			again := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
			again.Header.Set("Variant", strconv.Itoa(int(as)))
			if etag != "" {
				again.Header.Set("If-None-Match", etag)
			}
			return s.next(w, again)
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
func (s *site) ask(path string, variant Variant, headers ...string) answer {
	return s.request(httptest.NewRequest(http.MethodGet, path, nil), variant, headers...)
}

func (s *site) request(r *http.Request, variant Variant, headers ...string) answer {
	r.Header.Set("Variant", strconv.Itoa(int(variant)))
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
		variant, _ := strconv.Atoi(r.Header.Get("Variant"))
		if _, err := s.serve(w, r, s.facts(r.URL.Path, Variant(variant))); err != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	s.t.Cleanup(server.Close)
	return server
}

// page answers with a text for a minute, and for an hour when stale.
func page(text *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600, stale-if-error=86400")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Etag", strconv.Quote(text.Load().(string)))
		w.Header().Set("X-Tags", "t-"+text.Load().(string)+",all")
		if r.Header.Get("If-None-Match") == w.Header().Get("Etag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, text.Load().(string)+" "+r.Header.Get("Variant"))
	}
}

func text(s string) *atomic.Value {
	v := &atomic.Value{}
	v.Store(s)
	return v
}

var (
	hit  = Result{ResultHit, ReasonFresh}
	miss = Result{ResultMiss, ReasonAbsent}
)
