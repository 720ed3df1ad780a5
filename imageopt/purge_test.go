package imageopt

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

type noMeter struct{}

func (noMeter) Fetched(time.Duration, int, FetchCause)      {}
func (noMeter) AnsweredFirst()                              {}
func (noMeter) Transformed(string, time.Duration, int, int) {}
func purgeStore(t *testing.T) *blobstore.Store              { return storeIn(t, t.TempDir()) }
func askedFor(source string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/_next/image?url="+source+"&w=640&q=75", nil)
}
func resultOf(w *httptest.ResponseRecorder) string { return w.Header().Get("X-Nextjs-Cache") }
func (p *purgeRoom) answer(source string) (result, body string) {
	w := p.ask(source)
	return resultOf(w), w.Body.String()
}

func storeIn(t *testing.T, dir string) *blobstore.Store {
	t.Helper()
	store, err := blobstore.Open(blobstore.Settings{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// purgeRoom is an optimizer with a zone whose sources wait until they are let go.
type purgeRoom struct {
	t     *testing.T
	store *blobstore.Store
	*Optimizer
	zone *Zone

	mu      sync.Mutex
	sources [][]byte      // what comes next; the last one stays
	began   chan struct{} // a fetch has begun
	ended   chan error    // one that waited was given up
	letGo   chan struct{} // closed: the fetch that has begun ends; nil: it does not wait
	times   int
}

func newPurgeRoom(t *testing.T) *purgeRoom {
	t.Helper()
	pictures := pipeline(t, Limits{})
	t.Cleanup(pictures.Close)
	settings, err := NewSettings(DefaultImages(16), "", false, 16)
	require.NoError(t, err)
	room := &purgeRoom{t: t, store: purgeStore(t), sources: [][]byte{photo(t, 64, 48), photo(t, 48, 64)}, began: make(chan struct{}, 8), ended: make(chan error, 8)}
	room.Optimizer = NewOptimizer(room.store, pictures)
	t.Cleanup(room.Close)
	room.zone = &Zone{Space: "shop", Deployment: "one", Settings: settings, Log: zap.NewNop(), Meter: noMeter{}}
	return room
}

// fetch is a Local.
func (p *purgeRoom) fetch(ctx context.Context, _ string, _ http.Header) (Source, error) {
	p.mu.Lock()
	source, wait := p.sources[0], p.letGo
	if len(p.sources) > 1 {
		p.sources = p.sources[1:]
	}
	p.letGo = nil
	p.times++
	p.mu.Unlock()
	p.began <- struct{}{}
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			p.ended <- ctx.Err()
			return Source{}, ctx.Err()
		}
	}
	return Source{Body: source, CacheControl: "max-age=60"}, nil
}

func (p *purgeRoom) ask(source string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.Serve(w, askedFor(source), p.zone, Local{Fetch: p.fetch})
	return w
}

// hold lets the next fetch wait, and returns what lets it go.
func (p *purgeRoom) hold() func() {
	letGo := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo = letGo
	return sync.OnceFunc(func() { close(letGo) })
}

func (p *purgeRoom) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.times
}

// purge does what purging a source, or a whole zone, does.
func (p *purgeRoom) purge(space, href string) {
	if href == "" {
		p.store.DeleteSpace(space)
	} else {
		p.store.DeleteGroup(space, href)
	}
	p.Forget(space, href)
}

func TestWhatIsPurgedIsMadeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		space, href string
		want        string
	}{
		"the source":         {"shop", "/a.jpg", "MISS"},
		"the zone":           {"shop", "", "MISS"},
		"another source":     {"shop", "/b.jpg", "HIT"},
		"another zone":       {"blog", "", "HIT"},
		"of another zone":    {"blog", "/a.jpg", "HIT"},
		"with another query": {"shop", "/a.jpg?v=2", "HIT"},
	} {
		t.Run(name, func(t *testing.T) {
			room := newPurgeRoom(t)
			result, first := room.answer("/a.jpg")
			require.Equal(t, "MISS", result)
			room.zone.Deployment = "two"
			require.Equal(t, "MISS", resultOf(room.ask("/a.jpg")))
			room.purge(c.space, c.href)
			require.Equal(t, c.want, resultOf(room.ask("/a.jpg")))
			room.zone.Deployment = "one"
			result, again := room.answer("/a.jpg")
			assert.Equal(t, c.want, result, "every deployment's")
			assert.Equal(t, c.want == "HIT", first == again)
		})
	}
}

// A picture whose source was fetched before a purge reaches those who have waited for it, and nobody else.
func TestAPictureThatIsPurgedWhileItIsMadeIsNotKept(t *testing.T) {
	for name, href := range map[string]string{"the source": "/a.jpg", "the zone": ""} {
		t.Run(name, func(t *testing.T) {
			room := newPurgeRoom(t)
			letGo := room.hold()
			before := make(chan string)
			go func() {
				_, body := room.answer("/a.jpg")
				before <- body
			}()
			<-room.began
			room.purge("shop", href)
			result, after := room.answer("/a.jpg")
			assert.Equal(t, "MISS", result)
			letGo()
			assert.NotEqual(t, after, <-before, "who came before the purge has the older picture")
			result, kept := room.answer("/a.jpg")
			assert.Equal(t, "HIT", result)
			assert.Equal(t, after, kept)
			assert.Equal(t, 2, room.fetches())
		})
	}
}

func TestAPictureThatIsPurgedWhileItIsRevalidatedIsGone(t *testing.T) {
	room := newPurgeRoom(t)
	same := room.sources[0]
	room.sources = [][]byte{same}
	now := time.Now()
	room.now = func() time.Time { return now }
	require.Equal(t, "MISS", resultOf(room.ask("/a.jpg")))
	<-room.began
	now = now.Add(5 * time.Hour)
	letGo := room.hold()
	require.Equal(t, "STALE", resultOf(room.ask("/a.jpg")))
	<-room.began
	room.purge("shop", "/a.jpg")
	letGo()
	room.flights.Wait()
	assert.Equal(t, "MISS", resultOf(room.ask("/a.jpg")), "the source is as it was, and the picture is purged all the same")
}

// What was set aside is ended with the rest.
func TestClosingEndsWhatWasPurged(t *testing.T) {
	room := newPurgeRoom(t)
	room.hold()
	asked := make(chan int)
	go func() { asked <- room.ask("/a.jpg").Code }()
	<-room.began
	room.purge("shop", "")
	room.Close()
	<-asked
	assert.ErrorIs(t, <-room.ended, context.Canceled)
}

// passed is an answer of an application that may be kept.
func passed(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", "image/webp")
	h.Set("Cache-Control", "public, max-age=60, must-revalidate")
	_, err := io.WriteString(w, "a picture")
	return err
}

func TestWhatPassesWhileItIsPurgedIsNotKept(t *testing.T) {
	store := purgeStore(t)
	passing := NewPassing(store)
	defer passing.Close()
	key, ok := PassKey("shop", "/_next/image", "url=%2Fa.jpg&w=640&q=75", "")
	require.True(t, ok)
	ask := func(next func(http.ResponseWriter) error) string {
		w := httptest.NewRecorder()
		_, err := passing.Serve(w, askedFor("/a.jpg"), key, Pass{Next: next})
		require.NoError(t, err)
		require.Equal(t, "a picture", w.Body.String())
		return resultOf(w)
	}
	const byTheApplication = "" // which says nothing in this test
	require.Equal(t, byTheApplication, ask(func(w http.ResponseWriter) error {
		store.DeleteGroup("shop", "/a.jpg") // before there is a head
		return passed(w)
	}))
	require.Equal(t, byTheApplication, ask(passed), "it was not kept")
	require.Equal(t, "HIT", ask(passed))
	store.DeleteGroup("shop", "/a.jpg")
	require.Equal(t, byTheApplication, ask(passed))
}

func TestSourcesByTheirHref(t *testing.T) {
	for text, want := range map[string]string{
		"/photo.jpg":                        "/photo.jpg",
		"/a%20b.jpg?v=1":                    "/a%20b.jpg?v=1",
		"/a/../b.jpg":                       "/a/../b.jpg",
		"HTTPS://Example.com:443/x/../a b":  "https://example.com/a%20b",
		"https://example.com/a.jpg?token=1": "https://example.com/a.jpg?token=1",
	} {
		href, err := SourceHref(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, href)
		key, ok := PassKey("shop", "/_next/image", "url="+url.QueryEscape(text)+"&w=640&q=75", "")
		require.True(t, ok)
		assert.Equal(t, want, key.Group)
	}
	for _, text := range []string{"", "photo.jpg", "//example.com/a.jpg", "ftp://example.com/a.jpg", "https://", "data:image/png;base64,AAAA"} {
		_, err := SourceHref(text)
		require.ErrorIs(t, err, errNoSource, text)
	}
	for href, want := range map[string]string{
		"/a.jpg?token=1":                         "/a.jpg",
		"https://ann:pw@example.com/a.jpg?t=1#x": "https://example.com/a.jpg",
	} {
		assert.Equal(t, want, SourcePlace(href))
	}
}
