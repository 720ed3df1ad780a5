package pagecache

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// isrPage is a page of Next.js that is made again when somebody asks for it after its time: he is shown the old one,
// unless that is past its expiry (server/response-cache and incremental-cache of 16.4).
type isrPage struct {
	revalidate, expire, render time.Duration
	deleted                    time.Time // from then on what is made is that it is not there

	made, content time.Time // when it was made, and of when it is
	began         time.Time // when it was begun to be made again, zero: it is not
	asked         int
	hangs         bool
}

// state is what Next.js has at this moment.
func (p *isrPage) settle() {
	if now := time.Now(); !p.began.IsZero() && !now.Before(p.began.Add(p.render)) {
		p.made, p.content, p.began = p.began.Add(p.render), p.began, time.Time{}
	}
}

// ask answers as Next.js does.
func (p *isrPage) ask(w http.ResponseWriter, r *http.Request) {
	p.asked++
	p.settle()
	now, says := time.Now(), "HIT"
	switch age := now.Sub(p.made); {
	case age > p.expire:
		p.made, p.content, p.began, says = now, now, time.Time{}, "REVALIDATED"
	case age > p.revalidate:
		says = "STALE"
		if p.began.IsZero() {
			p.began = now
		}
	}
	h := w.Header()
	h.Set("Cache-Control", fmt.Sprintf("s-maxage=%d, stale-while-revalidate=%d", int(p.revalidate.Seconds()), int((p.expire-p.revalidate).Seconds())))
	if p.expire <= p.revalidate {
		h.Set("Cache-Control", fmt.Sprintf("s-maxage=%d", int(p.revalidate.Seconds())))
	}
	h.Set("X-Nextjs-Cache", says)
	h.Set("Content-Type", html)
	if r.Header.Get("Rsc") != "" {
		h.Set("Content-Type", rsc)
	}
	h.Set("Vary", rscv)
	body := strconv.FormatInt(p.content.UnixNano(), 10)
	h.Set("Etag", `"`+body+r.Header.Get("Rsc")+`"`)
	if r.Header.Get("If-None-Match") == h.Get("Etag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if p.isDeleted() {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = io.WriteString(w, body)
}

func (p *isrPage) isDeleted() bool { return !p.deleted.IsZero() && !p.content.Before(p.deleted) }

// visits asks Next.js for the page, and the edge in front of another one that began alike, and compares what they show.
type visits struct {
	t            *testing.T
	direct, back *isrPage
	mu           sync.Mutex // of back
	cache        *Cache
	recheck      time.Duration
}

func visiting(t *testing.T, page isrPage, recheck time.Duration) *visits {
	store, err := blobstore.Open(blobstore.Settings{Memory: 16 << 20})
	require.NoError(t, err)
	cache, err := New(store, Settings{})
	require.NoError(t, err)
	t.Cleanup(func() {
		cache.Close()
		require.NoError(t, store.Close())
	})
	direct, back := page, page
	return &visits{t: t, direct: &direct, back: &back, cache: cache, recheck: recheck}
}

// visit asks both, and says of when the pages are that they have shown.
func (v *visits) visit(variant policy.Variant) (edge, direct *httptest.ResponseRecorder) {
	ask := func(as policy.Variant) *http.Request {
		r := asking("/a")
		r.Header = policy.HeadersOf(as)
		return r
	}
	direct, edge = httptest.NewRecorder(), httptest.NewRecorder()
	v.direct.ask(direct, ask(variant))
	r := ask(variant)
	f := policy.Facts{Space: "zone", Path: "/a", Class: policy.ClassPage, Variant: variant, Now: time.Now(), Recheck: v.recheck}
	next := func(w http.ResponseWriter, r *http.Request) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.back.ask(w, r)
		return nil
	}
	_, err := v.cache.Serve(edge, r, f, next, func() Refetch {
		return func(ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, _ *policy.Said) error {
			if v.back.hangs {
				v.back.asked++
				<-ctx.Done()
				return ctx.Err()
			}
			r := ask(as)
			if etag != "" {
				r.Header.Set("If-None-Match", etag)
			}
			return next(w, r)
		}
	})
	assert.NoError(v.t, err)
	synctest.Wait() // what goes on behind it
	return edge, direct
}

// Nothing is shown that is older than what Next.js would have shown to the same visitors, whatever the time between
// them: also where two caches, each of which serves the old while it asks for the new, stand behind one another.
func TestNothingIsOlderThanNextJSWouldShow(t *testing.T) {
	const year = 365 * 24 * time.Hour
	gaps := [...]time.Duration{3 * second, 7 * second, 25 * second, time.Hour}
	for _, revalidate := range []time.Duration{second, 2 * second, 5 * second, 20 * second, 30 * time.Minute, time.Hour} {
		for _, render := range []time.Duration{10 * time.Millisecond, 300 * time.Millisecond, 2 * second, 9 * second} {
			for _, expire := range []time.Duration{year, revalidate + 4*second, revalidate} {
				if expire != year && render >= second {
					continue // Next.js makes such a page now before and now after it answers: newer now is older later, whoever asks
				}
				for _, recheck := range []time.Duration{10 * second, 0} {
					name := fmt.Sprintf("revalidate %s, render %s, expire %s, recheck %s", revalidate, render, expire, recheck)
					t.Run(name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { compareVisits(t, gaps[:], revalidate, render, expire, recheck) })
					})
				}
			}
		}
	}
}

func compareVisits(t *testing.T, gaps []time.Duration, revalidate, render, expire, recheck time.Duration) {
	random := rand.New(rand.NewPCG(1, uint64(revalidate)+uint64(render)+uint64(expire)))
	began := time.Now().Add(-time.Duration(random.Int64N(int64(2 * revalidate))))
	page := isrPage{revalidate: revalidate, expire: expire, render: render, made: began, content: began}
	page.deleted = time.Now().Add(time.Duration(random.Int64N(int64(4 * time.Hour))))
	v := visiting(t, page, recheck)
	for n := range 100 {
		variant := policy.VariantHTML
		if random.IntN(4) == 0 {
			variant = policy.VariantRSC
		}
		edge, direct := v.visit(variant)
		if direct.Code == http.StatusNotFound {
			assert.Equal(t, http.StatusNotFound, edge.Code, "visit %d: a page that is gone for Next.js is gone at the edge", n)
		} else if edge.Code == http.StatusOK { // numbers of nanoseconds have the same number of digits until 2286
			assert.GreaterOrEqual(t, edge.Body.String(), direct.Body.String(), "visit %d, %s", n, edge.Header())
		}
		if t.Failed() {
			return
		}
		time.Sleep(gaps[random.IntN(len(gaps))])
	}
}

// Who comes an hour later does not wait, and is shown what was made for the visitor before, not what that one was
// shown.
func TestAnOutdatedPageIsAskedForUntilItIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := time.Now()
		v := visiting(t, isrPage{revalidate: 30 * time.Minute, expire: 365 * 24 * time.Hour, render: 2 * second, made: made, content: made}, 0)
		_, _ = v.visit(policy.VariantHTML)
		for n := range 3 {
			time.Sleep(time.Hour)
			came := time.Now()
			edge, _ := v.visit(policy.VariantHTML)
			assert.Contains(t, edge.Header().Get("Cache-Status"), "; hit", "visit %d", n)
			time.Sleep(time.Minute)
			assert.Zero(t, v.cache.remaking.size())
			edge, _ = v.visit(policy.VariantHTML)
			assert.Equal(t, strconv.FormatInt(came.UnixNano(), 10), edge.Body.String(), "visit %d", n)
			assert.Contains(t, edge.Header().Get("Cache-Status"), "detail=fresh")
		}
		assert.LessOrEqual(t, v.back.asked, 1+3*7, "a few times each")
	})
}

// Who purges a page wants the next visitor to fetch it. What is asked for until it is new is not asked for any more.
func TestAPurgedPageIsNotAskedForAnyMore(t *testing.T) {
	for name, s := range map[string]Selector{"by path": {Space: "zone", Path: "/a"}, "as a group": {Space: "zone", Group: groupOf("/a")}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				made := time.Now()
				page := isrPage{revalidate: time.Hour, expire: 365 * 24 * time.Hour, render: time.Minute, made: made.Add(-2 * time.Hour), content: made}
				v := visiting(t, page, 0)
				_, _ = v.visit(policy.VariantHTML)
				require.Equal(t, 1, v.cache.remaking.size())
				asked := v.back.asked
				require.NoError(t, v.cache.Purge(s))
				time.Sleep(time.Hour)
				assert.Equal(t, asked, v.back.asked)
				assert.Zero(t, v.cache.remaking.size())
			})
		})
	}
}

// No more than so many pages are asked for until they are new, and none twice at a time.
func TestPagesThatAreAskedForUntilTheyAreNewAreBounded(t *testing.T) {
	var m remaking
	for n := range maxRemaking {
		assert.True(t, m.begin(blobstore.Key{Name: strconv.Itoa(n)}))
	}
	assert.False(t, m.begin(blobstore.Key{Name: "one more"}))
	m.end(blobstore.Key{Name: "0"})
	assert.False(t, m.begin(blobstore.Key{Name: "1"}))
	assert.True(t, m.begin(blobstore.Key{Name: "one more"}))
	assert.Equal(t, maxRemaking, m.size())
}
