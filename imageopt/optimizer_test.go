package imageopt

import (
	"context"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestAPictureIsMadeOnce(t *testing.T) {
	o := optimizerFor(t, nil)
	first := o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp")
	require.Equal(t, ResultMiss, first.result)
	assert.Equal(t, []string{"MISS", lasting(60), "image/webp", "Accept"}, headersOf(first, "X-Nextjs-Cache", "Cache-Control", "Content-Type", "Vary"))
	assert.Equal(t, fmt.Sprint(len(first.body())), first.Header().Get("Content-Length"))
	for _, accept := range []string{"image/webp", "text/html,image/webp,*/*;q=0.8", "image/avif,image/webp"} {
		again := o.ask(t, t.Context(), "/a.jpg", "Accept", accept, "Cookie", "who=me", "Cache-Control", "no-cache")
		assert.Equal(t, ResultHit, again.result)
		assert.Equal(t, first.body(), again.body())
	}
	head := o.askBy(t, t.Context(), http.MethodHead, "/a.jpg", "Accept", "image/webp")
	assert.Equal(t, []any{ResultHit, http.StatusOK, 0, first.Header().Get("Content-Length")}, []any{head.result, head.Code, head.Body.Len(), head.Header().Get("Content-Length")})
	same := o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp", "If-None-Match", first.Header().Get("Etag"))
	assert.Equal(t, []any{ResultHit, http.StatusNotModified, 0, ""}, []any{same.result, same.Code, same.Body.Len(), same.Header().Get("X-Nextjs-Cache")})
	assert.Equal(t, 1, o.origin.count())

	other := o.ask(t, t.Context(), "/a.jpg")
	assert.Equal(t, []any{ResultMiss, "image/jpeg"}, []any{other.result, other.Header().Get("Content-Type")})
	assert.Equal(t, image.Pt(32, 24), sizeOf(t, other.Body.Bytes()))
	assert.Equal(t, []string{"image/webp", "image/jpeg"}, o.meter.made)
}

func headersOf(s served, names ...string) (values []string) {
	for _, name := range names {
		values = append(values, s.Header().Get(name))
	}
	return values
}

func TestAStalePictureIsMadeAgainInTheBackground(t *testing.T) {
	o := optimizerFor(t, nil)
	first := o.ask(t, t.Context(), "/a.jpg")
	o.clock.advance(time.Minute - time.Millisecond)
	assert.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg").result)
	o.clock.advance(time.Millisecond)
	release := make(chan struct{})
	changed := photo(t, 64, 40)
	o.origin.change(func(context.Context, int, string, http.Header) (Source, error) {
		<-release
		return Source{Body: changed, CacheControl: "max-age=100"}, nil
	})
	for range 3 {
		stale := o.ask(t, t.Context(), "/a.jpg")
		assert.Equal(t, ResultStale, stale.result)
		assert.Equal(t, []string{"STALE", lasting(60)}, headersOf(stale, "X-Nextjs-Cache", "Cache-Control"))
		assert.Equal(t, first.body(), stale.body())
	}
	close(release)
	o.settle()
	assert.Equal(t, 2, o.origin.count(), "once for three")
	fresh := o.ask(t, t.Context(), "/a.jpg")
	assert.Equal(t, ResultHit, fresh.result)
	assert.Equal(t, lasting(100), fresh.Header().Get("Cache-Control"))
	assert.NotEqual(t, first.body(), fresh.body())
	assert.Equal(t, int64(1), o.Stats().Revalidations)
}

// An unchanged source leaves the picture and what clients are told of it, as in Next.js; only the time runs anew.
func TestAnUnchangedSourceIsNotTransformedAgain(t *testing.T) {
	for name, sources := range map[string][2]Source{
		"by its ETag":  {{Body: photo(t, 64, 48), ETag: `"v1"`, CacheControl: "max-age=90"}, {Body: photo(t, 64, 40), ETag: `"v1"`, CacheControl: "max-age=500"}},
		"by its bytes": {{Body: photo(t, 64, 48), CacheControl: "max-age=90"}, {Body: photo(t, 64, 48), CacheControl: "max-age=500"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := optimizerFor(t, nil)
			o.origin.change(constant(sources[0]))
			first := o.ask(t, t.Context(), "/a.jpg")
			o.origin.change(constant(sources[1]))
			o.clock.advance(90 * time.Second)
			require.Equal(t, ResultStale, o.ask(t, t.Context(), "/a.jpg").result)
			o.settle()
			again := o.ask(t, t.Context(), "/a.jpg")
			assert.Equal(t, ResultHit, again.result)
			assert.Equal(t, first.body(), again.body())
			assert.Equal(t, headersOf(first, "Etag", "Cache-Control"), headersOf(again, "Etag", "Cache-Control"))
			assert.Len(t, o.meter.made, 1)
			o.clock.advance(90 * time.Second)
			assert.Equal(t, ResultStale, o.ask(t, t.Context(), "/a.jpg").result, "fresh for as long as before")
		})
	}
}

func TestAFailedRevalidationLeavesTheOldPictureForAWhile(t *testing.T) {
	for _, c := range []struct{ ttl, upstream, told, fresh int }{
		{0, 0, 3, 3},
		{0, 10, 10, 10},
		{0, 900, 30, 30},
		{600, 0, 30, 600}, // minimumCacheTTL holds for the edge, not for clients
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			o := optimizerFor(t, func(i *nextbuild.Images) { i.MinimumCacheTTL = c.ttl })
			o.origin.change(constant(Source{Body: photo(t, 64, 48), CacheControl: fmt.Sprintf("max-age=%d", c.upstream)}))
			first := o.ask(t, t.Context(), "/a.jpg")
			o.clock.advance(time.Hour)
			o.origin.change(failing(http.StatusServiceUnavailable))
			require.Equal(t, ResultStale, o.ask(t, t.Context(), "/a.jpg").result)
			o.settle()
			kept := o.ask(t, t.Context(), "/a.jpg")
			assert.Equal(t, []any{ResultHit, first.body(), lasting(c.told)}, []any{kept.result, kept.body(), kept.Header().Get("Cache-Control")})
			o.clock.advance(time.Duration(c.fresh)*time.Second - time.Millisecond)
			assert.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg").result)
			o.clock.advance(time.Millisecond)
			assert.Equal(t, ResultStale, o.ask(t, t.Context(), "/a.jpg").result)
			o.settle()
			assert.Equal(t, int64(2), o.Stats().FailedRevalidations)
			assert.Equal(t, 2, o.logs.FilterMessage("the source of a picture failed, the old picture is served on").Len())
		})
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(context.Context, int, string, http.Header) (Source, error)
		status int
		text   string
		result Result
		logged int
	}{
		"a status":     {failing(http.StatusNotFound), 404, textInternalInvalid, ResultFailed, 2},
		"an error":     {func(context.Context, int, string, http.Header) (Source, error) { return Source{}, errOrigin }, 500, textInternalServer, ResultFailed, 2},
		"a panic":      {func(context.Context, int, string, http.Header) (Source, error) { panic(errOrigin) }, 500, textInternalServer, ResultFailed, 2},
		"no picture":   {constant(Source{Body: []byte("words")}), 400, "The requested resource isn't a valid image.", ResultRefused, 0},
		"a forbidden":  {constant(Source{Body: []byte("<svg/>")}), 400, `"url" parameter is valid but image type is not allowed`, ResultRefused, 0},
		"what is gone": {failing(http.StatusGone), 410, textInternalInvalid, ResultFailed, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := optimizerFor(t, nil)
			o.origin.change(c.answer)
			for range 2 {
				got := o.ask(t, t.Context(), "/a.jpg")
				assert.Equal(t, []any{c.result, c.status, c.text}, []any{got.result, got.Code, got.body()})
				assert.Empty(t, headersOf(got, "Cache-Control", "Etag", "Vary", "Content-Type")[0])
			}
			assert.Equal(t, 2, o.origin.count())
			assert.Equal(t, c.logged, o.logs.Len())
		})
	}
}

// Next.js keeps what it cannot transform like any picture, for as long as it keeps any at least.
func TestWhatCannotBeTransformedIsKeptAsItIs(t *testing.T) {
	o := optimizerFor(t, nil)
	whole := photo(t, 64, 48)
	o.origin.change(constant(Source{Body: whole[:len(whole)/2], CacheControl: "max-age=900"}))
	first := o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp")
	assert.Equal(t, []any{ResultMiss, string(whole[:len(whole)/2]), "image/jpeg", lasting(60)},
		[]any{first.result, first.body(), first.Header().Get("Content-Type"), first.Header().Get("Cache-Control")})
	assert.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp").result)
	o.clock.advance(time.Minute)
	o.origin.change(constant(Source{Body: whole}))
	o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp")
	o.settle()
	assert.Equal(t, "image/webp", o.ask(t, t.Context(), "/a.jpg", "Accept", "image/webp").Header().Get("Content-Type"))
	assert.Equal(t, []string{"passed", "image/webp"}, o.meter.made)
}

func TestAZoneThatKeepsNothing(t *testing.T) {
	o := optimizerFor(t, nil)
	o.zone.KeepsNothing = true
	for range 2 {
		assert.Equal(t, ResultMiss, o.ask(t, t.Context(), "/a.jpg").result)
	}
	assert.Equal(t, 2, o.origin.count())
}

// A build has its own pictures, and so has each zone that a source may belong to; other hosts have the same for all
// builds.
func TestWhosePicturesAreWhose(t *testing.T) {
	o := optimizerFor(t, func(i *nextbuild.Images) { i.RemotePatterns = []nextbuild.RemotePattern{{Hostname: "far.test"}} })
	far := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(photo(t, 64, 48)) })
	o.zone.Fetcher = newTestFetcher(t, FetchLimits{}, names{})
	remote := at(t, far, "far.test", "/a.jpg").String()
	ask := func(href string, owner func(string) string) Result {
		w, r := newExchange(t, href)
		return o.Serve(w, r, o.zone, Local{Fetch: o.origin.fetch, Owner: owner})
	}
	owned := func(by string) func(string) string { return func(string) string { return by } }
	for _, href := range []string{"/a.jpg", remote} {
		require.Equal(t, ResultMiss, ask(href, nil))
		require.Equal(t, ResultHit, ask(href, owned("")))
	}
	assert.Equal(t, ResultMiss, ask("/a.jpg", owned("shop")))
	assert.Equal(t, ResultMiss, ask("/a.jpg", owned("blog")))
	assert.Equal(t, ResultHit, ask("/a.jpg", owned("shop")))
	assert.Equal(t, ResultHit, ask(remote, owned("shop")))
	o.zone.Deployment = "2"
	assert.Equal(t, ResultMiss, ask("/a.jpg", nil))
	assert.Equal(t, ResultHit, ask(remote, nil))
	o.zone.Space = "another"
	assert.Equal(t, ResultMiss, ask(remote, nil))
}

// A request that has looked for a picture just before it was kept does not have it made again.
func TestAPictureThatIsKeptMeanwhileIsNotMadeAgain(t *testing.T) {
	o := optimizerFor(t, nil)
	first := o.ask(t, t.Context(), "/a.jpg")
	r := httptest.NewRequest(http.MethodGet, "/_next/image?url=%2Fa.jpg&w=32&q=75", nil)
	asked, refusal := o.zone.parse(r.URL.RawQuery, "", o.pipeline.CanEncode)
	require.Nil(t, refusal)
	again, release, err := o.makeOnce(r, o.zone, target{asked, o.zone.key(asked, "")}, localSource{})
	defer release()
	require.NoError(t, err)
	assert.Equal(t, first.body(), string(again.body))
	assert.Equal(t, 1, o.origin.count())
}
