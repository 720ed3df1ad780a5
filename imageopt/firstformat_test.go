package imageopt

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const avifAndWebP = "image/avif,image/webp,*/*"

// firstOptimizerFor is an optimizer of a zone with AVIF, by whose estimate each takes hours.
func firstOptimizerFor(t *testing.T, change func(*nextbuild.Images)) *testOptimizer {
	t.Helper()
	o := optimizerFor(t, func(i *nextbuild.Images) {
		i.Formats = []string{avif, webp}
		if change != nil {
			change(i)
		}
	})
	if !o.pipeline.CanEncode(avif) {
		t.Skip("this libvips does not write AVIF")
	}
	o.SetFirstFormat(300 * time.Millisecond)
	o.pipeline.pace.average = 1000 * time.Hour
	return o
}

// busy takes all slots of the pipeline until it is released.
func (o *testOptimizer) busy(t *testing.T) (release func()) {
	t.Helper()
	leave, err := o.pipeline.queue.enter(t.Context(), 1<<20)
	require.NoError(t, err)
	return leave
}

func answerOf(s served) []string {
	return append([]string{s.result.String()}, headersOf(s, "X-Nextjs-Cache", "Content-Type", "Cache-Control", "Vary")...)
}

func TestTheFirstClientDoesNotWaitForAVIF(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	first := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
	assert.Equal(t, []string{"miss", "MISS", webp, lasting(firstMaxAge), "Accept"}, answerOf(first))
	assert.Equal(t, webp, Sniff(first.Body.Bytes()))
	assert.Equal(t, ETagOf(first.Body.Bytes()), first.Header().Get("Etag"))
	o.settle()
	next := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP, "If-None-Match", first.Header().Get("Etag"))
	assert.Equal(t, []string{"hit", "HIT", avif, lasting(60), "Accept"}, answerOf(next))
	assert.Equal(t, avif, Sniff(next.Body.Bytes()))
	other := o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	assert.Equal(t, []string{"hit", "HIT", webp, lasting(60), "Accept"}, answerOf(other))
	assert.Equal(t, first.body(), other.body(), "it is kept as any WebP")
	assert.Equal(t, []string{webp, avif}, o.meter.made)
	assert.Equal(t, []int{1, 1}, []int{o.origin.count(), o.meter.firsts})
	assert.Zero(t, o.Stats().Sources)
}

func TestWhoAsksWhileTheAVIFIsMadeDoesNotWaitEither(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	kept := o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	release := o.busy(t)
	for range 3 {
		got := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
		assert.Equal(t, []string{"hit", "HIT", webp, lasting(firstMaxAge), "Accept"}, answerOf(got))
		assert.Equal(t, kept.body(), got.body())
	}
	same := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP, "If-None-Match", kept.Header().Get("Etag"))
	assert.Equal(t, http.StatusNotModified, same.Code)
	assert.Equal(t, lasting(firstMaxAge), same.Header().Get("Cache-Control"))
	head := o.askBy(t, t.Context(), http.MethodHead, "/a.jpg", "Accept", avifAndWebP)
	assert.Equal(t, []any{http.StatusOK, 0, webp}, []any{head.Code, head.Body.Len(), head.Header().Get("Content-Type")})
	assert.Equal(t, 2, o.origin.count(), "the AVIF has its source still")
	assert.Equal(t, 1, o.Stats().Sources, "and a place")
	release()
	o.settle()
	assert.Equal(t, avif, o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP).Header().Get("Content-Type"))
	assert.Equal(t, []string{webp, avif}, o.meter.made)
	assert.Equal(t, 5, o.meter.firsts)
}

func TestManyAtOnceShareWhatIsAnsweredFirst(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	h := o.hold(Source{Body: photo(t, 64, 48)})
	var all []<-chan served
	for range 10 {
		all = append(all, o.asking(t, t.Context(), "/a.jpg", "Accept", avifAndWebP))
	}
	receive(t, h.begun, "the fetch begins")
	close(h.release)
	for _, one := range all {
		assert.Equal(t, http.StatusOK, receive(t, one, "an answer").Code)
	}
	o.settle()
	assert.Equal(t, 1, o.origin.count())
	assert.Equal(t, []string{webp, avif}, o.meter.made)
}

func TestWhatIsAnsweredInThePlaceOfAVIF(t *testing.T) {
	for name, c := range map[string]struct {
		formats      []string
		accept, want string
	}{
		"WebP":                   {[]string{avif, webp}, "image/avif,image/webp", webp},
		"a client without WebP":  {[]string{avif, webp}, "image/avif,*/*;q=0.5", jpeg},
		"a client without other": {[]string{avif, webp}, "image/avif", jpeg},
		"a zone without WebP":    {[]string{avif}, avifAndWebP, jpeg},
	} {
		t.Run(name, func(t *testing.T) {
			o := firstOptimizerFor(t, func(i *nextbuild.Images) { i.Formats = c.formats })
			first := o.ask(t, t.Context(), "/a.jpg", "Accept", c.accept)
			assert.Equal(t, []string{"miss", "MISS", c.want, lasting(firstMaxAge), "Accept"}, answerOf(first))
			o.settle()
			assert.Equal(t, avif, o.ask(t, t.Context(), "/a.jpg", "Accept", c.accept).Header().Get("Content-Type"))
		})
	}
}

// An imported picture is immutable under its URL; what is answered first is not.
func TestWhatIsAnsweredFirstIsNotImmutable(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	ask := func(accept string) string {
		return o.ask(t, t.Context(), "/_next/static/media/a.jpg", "Accept", accept).Header().Get("Cache-Control")
	}
	assert.Equal(t, lasting(firstMaxAge), ask(avifAndWebP))
	o.settle()
	for _, accept := range []string{avifAndWebP, webp} {
		assert.Equal(t, "public, max-age=315360000, immutable", ask(accept))
	}
}

// A WebP that has become stale is no answer: its source is at hand.
func TestAStalePictureIsNotAnsweredFirst(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	old := o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	o.clock.advance(time.Hour)
	o.origin.change(constant(Source{Body: photo(t, 64, 40)}))
	first := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
	assert.Equal(t, []string{"miss", "MISS", webp, lasting(firstMaxAge), "Accept"}, answerOf(first))
	assert.NotEqual(t, old.body(), first.body())
	o.settle()
	assert.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg", "Accept", webp).result)
	o.clock.advance(time.Hour)
	stale := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
	assert.Equal(t, []string{"stale", "STALE", avif, lasting(60), "Accept"}, answerOf(stale))
	o.settle()
	assert.Equal(t, 1, o.meter.firsts)
}

func TestWhoWaitsForAVIF(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, o *testOptimizer)
		result  Result
	}{
		"off":                  {func(_ *testing.T, o *testOptimizer) { o.SetFirstFormat(0) }, ResultMiss},
		"a picture soon made":  {func(_ *testing.T, o *testOptimizer) { o.pipeline.pace.average = firstPace }, ResultMiss},
		"nothing kept":         {func(_ *testing.T, o *testOptimizer) { o.zone.KeepsNothing = true }, ResultMiss},
		"a store that refuses": {refuseAll, ResultMiss},
		"many wait for making": {func(t *testing.T, o *testOptimizer) { crowd(t, o.pipeline.queue) }, ResultMiss},
		"many wait for source": {func(t *testing.T, o *testOptimizer) { crowd(t, o.sources) }, ResultMiss},
		"a client's own": {func(t *testing.T, o *testOptimizer) {
			forwards, err := NewForwards([]Forward{{Pathname: "/**", Cookies: []string{"who"}}})
			require.NoError(t, err)
			o.zone.Forwards = forwards
		}, ResultPrivate},
	} {
		t.Run(name, func(t *testing.T) {
			o := firstOptimizerFor(t, nil)
			c.prepare(t, o)
			got := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
			assert.Equal(t, []any{c.result, avif}, []any{got.result, got.Header().Get("Content-Type")})
			assert.Zero(t, o.meter.firsts)
			o.settle()
			assert.Equal(t, []string{avif}, o.meter.made)
		})
	}
}

// refuseAll gives the store a picture that is too large for it. The next one that it takes shows that it takes some.
func refuseAll(t *testing.T, o *testOptimizer) {
	require.NoError(t, o.store.SetLimits(64<<10, -1))
	key := o.zone.key(parsed{Request{Href: "/large"}, "large"}, "")
	o.keep(t.Context(), o.zone, o.store.Promise(key), &picture{mime: avif, body: make([]byte, 1<<20)})
	require.True(t, o.storeRefuses.Load())
}

// crowd has more than half of those wait in a queue who may, until what they wait for is soon there.
func crowd(t *testing.T, q *queue) {
	q.mu.Lock()
	slots, longest, patient := q.slots, q.maxWaiting, q.maxWait
	q.mu.Unlock()
	leave, err := q.enter(t.Context(), slots)
	require.NoError(t, err)
	q.resize(slots, 3, enough)
	require.False(t, q.crowded())
	for range 2 {
		go func() {
			if leave, err := q.enter(context.WithoutCancel(t.Context()), 1); err == nil {
				leave()
			}
		}()
	}
	until(t, q.crowded, "more than half wait")
	time.AfterFunc(50*time.Millisecond, leave)
	t.Cleanup(func() { q.resize(slots, longest, patient) })
}

func TestAFailureIsAnsweredAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		source func(context.Context, int, string, http.Header) (Source, error)
		status int
	}{
		"no source":  {failing(http.StatusNotFound), http.StatusNotFound},
		"no picture": {constant(Source{Body: []byte("words")}), http.StatusBadRequest},
		"a panic": {
			func(context.Context, int, string, http.Header) (Source, error) { panic(errOrigin) },
			http.StatusInternalServerError,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := firstOptimizerFor(t, nil)
			o.origin.change(c.source)
			for range 2 {
				got := o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
				assert.Equal(t, []any{c.status, ""}, []any{got.Code, got.Header().Get("Cache-Control")})
			}
			o.settle()
			assert.Zero(t, o.meter.firsts)
			assert.Zero(t, o.Stats().Sources)
			assert.Equal(t, 2, o.origin.count())
		})
	}
}

// What is passed on as it is has its usual life.
func TestAPictureThatMovesIsNotAnsweredFirst(t *testing.T) {
	o := firstOptimizerFor(t, func(i *nextbuild.Images) { i.DangerouslyAllowSVG = true })
	o.origin.change(constant(Source{Body: []byte("<svg/>")}))
	got := o.ask(t, t.Context(), "/a.svg", "Accept", avifAndWebP)
	assert.Equal(t, []string{"miss", "MISS", svg, lasting(60), "Accept"}, answerOf(got))
	assert.Zero(t, o.meter.firsts)
}

func TestAPurgeReachesTheAVIFInTheBackground(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	release := o.busy(t)
	require.Equal(t, webp, o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP).Header().Get("Content-Type"))
	o.store.DeleteGroup(o.zone.Space, "/a.jpg")
	o.Forget(o.zone.Space, "/a.jpg")
	release()
	o.settle()
	o.SetFirstFormat(0)
	assert.Equal(t, ResultMiss, o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP).result)
	assert.Equal(t, 3, o.origin.count())
}

func TestCloseEndsTheWaitOfAnAVIFInTheBackground(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	defer o.busy(t)()
	require.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP).result)
	o.Close()
	assert.Zero(t, o.Stats().Sources)
	assert.Equal(t, http.StatusServiceUnavailable, o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP).Code)
}

// The background has one place of two or three. The picture that found none is begun by the next request.
func TestAVIFsInTheBackgroundLeavePlaces(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	o.SetLimits(3, 0, 0)
	for _, source := range []string{"/a.jpg", "/b.jpg"} {
		o.ask(t, t.Context(), source, "Accept", webp)
	}
	release := o.busy(t)
	for _, source := range []string{"/a.jpg", "/b.jpg"} {
		assert.Equal(t, ResultHit, o.ask(t, t.Context(), source, "Accept", avifAndWebP).result)
	}
	assert.Equal(t, 1, o.Stats().Sources)
	release()
	o.settle()
	for source, want := range map[string]string{"/a.jpg": avif, "/b.jpg": webp} {
		assert.Equal(t, want, o.ask(t, t.Context(), source, "Accept", avifAndWebP).Header().Get("Content-Type"))
	}
	o.settle()
	assert.Equal(t, avif, o.ask(t, t.Context(), "/b.jpg", "Accept", avifAndWebP).Header().Get("Content-Type"))
	assert.Zero(t, o.behind.Load())
}

// A WebP that comes after an AVIF of the background is made before it.
func TestAVIFsInTheBackgroundLetOthersGoFirst(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	o.ask(t, t.Context(), "/a.jpg", "Accept", webp)
	require.NoError(t, o.pipeline.SetLimits(Limits{Concurrency: 1}))
	release := o.busy(t)
	o.ask(t, t.Context(), "/a.jpg", "Accept", avifAndWebP)
	until(t, func() bool { return o.pipeline.Stats().Waiting == 1 }, "the AVIF waits")
	other := o.asking(t, t.Context(), "/b.jpg", "Accept", webp)
	until(t, func() bool { return o.pipeline.Stats().Waiting == 2 }, "the WebP waits")
	release()
	receive(t, other, "the WebP")
	o.settle()
	assert.Equal(t, []string{webp, webp, avif}, o.meter.made)
}

func TestExplainSaysWhatIsAnsweredFirst(t *testing.T) {
	o := firstOptimizerFor(t, nil)
	explain := func(accept string) Explanation {
		client := http.Header{"Accept": {accept}}
		return o.Explain(t.Context(), o.zone, "url=/a.jpg&w=32&q=75", client, Local{Fetch: o.origin.fetch})
	}
	e := explain(avifAndWebP)
	assert.Equal(t, []any{webp, avif, http.StatusOK}, []any{e.First, e.Type, e.Status})
	assert.Greater(t, e.Estimate, time.Minute)
	assert.Equal(t, jpeg, explain(avif).First)
	assert.Empty(t, explain(webp).First)
	o.pipeline.pace.average = firstPace
	e = explain(avifAndWebP)
	assert.Empty(t, e.First)
	assert.Positive(t, e.Estimate)
}
