package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

func TestPassKey(t *testing.T) {
	key := func(query, accept string) blobstore.Key {
		key, ok := PassKey("zone", "/_next/image", query, accept)
		require.True(t, ok, query)
		return key
	}
	const query = "url=%2Fa.jpg&w=64&q=75"
	same := key(query, acceptOfChrome)
	for _, other := range []struct{ query, accept string }{
		{query, acceptOfFirefox},
		{query, acceptOfSafari},
		{"w=64&q=75&url=/a.jpg", acceptOfChrome},
		{query + "&v=2", acceptOfChrome}, // Next.js does not look at it
	} {
		assert.Equal(t, same, key(other.query, other.accept), other)
	}
	keys := map[blobstore.Key]string{same: "chrome"}
	for _, other := range []struct{ query, accept string }{
		{query, "image/webp,*/*"},
		{query, "image/avif"},
		{query, "image/avif;q=0.5,image/webp"},
		{query, "*/*"},
		{"url=/b.jpg&w=64&q=75", acceptOfChrome},
		{"url=/a.jpg&w=128&q=75", acceptOfChrome},
		{"url=/a.jpg&w=64&q=50", acceptOfChrome},
	} {
		k := key(other.query, other.accept)
		assert.Empty(t, keys[k], "%v", other)
		keys[k] = fmt.Sprint(other)
	}
	assert.Equal(t, key(query, "*/*"), key(query, ""))
	another, _ := PassKey("zone", "/docs/_next/image", query, acceptOfChrome)
	assert.NotEqual(t, same, another)
	for _, refused := range []string{
		"", "url=/a.jpg&w=64", "url=/a.jpg&q=75", "w=64&q=75", "url=/a.jpg&url=/b.jpg&w=64&q=75", "url=/a.jpg&w=64&w=64&q=75", "url=&w=64&q=75",
		"url=/a.jpg&w=6x4&q=75", "url=/a.jpg&w=64&q=-5", "url=/" + strings.Repeat("a", 4000) + "&w=64&q=75",
	} {
		_, ok := PassKey("zone", "/_next/image", refused, acceptOfChrome)
		assert.False(t, ok, "%.60s: the application says what is wrong with it", refused)
	}
}

func TestWhatOfAnApplicationIsKept(t *testing.T) {
	good := http.Header{"Content-Type": {"image/webp"}, "Cache-Control": {"public, max-age=60, must-revalidate"}, "Vary": {"Accept"}, "X-Nextjs-Cache": {"MISS"}}
	age, ok := keepTime(http.StatusOK, good)
	require.True(t, ok)
	require.Equal(t, time.Minute, age)
	for _, c := range []struct {
		name, value string
		age         time.Duration // 0: not kept
	}{
		{"X-Nextjs-Cache", "HIT", time.Minute},
		{"X-Nextjs-Cache", "STALE", 0},
		{"Cache-Control", "public, max-age=315360000, immutable", 315360000 * time.Second},
		{"Cache-Control", "Public,max-age=60", time.Minute},
		{"Cache-Control", "max-age=60", 0},
		{"Cache-Control", "", 0},
		{"Cache-Control", "public, max-age=0, must-revalidate", 0},
		{"Cache-Control", "public, max-age=60, private", 0},
		{"Cache-Control", "public, max-age=60, no-store", 0},
		{"Cache-Control", "public, max-age=60, No-Cache", 0},
		{"Cache-Control", `public, max-age=60, private="set-cookie"`, 0},
		{"Cache-Control", `max-age=60, x="a, public, b"`, 0},
		{"Content-Type", "text/html", 0},
		{"Content-Type", "", 0},
		{"Set-Cookie", "a=b", 0},
		{"Content-Encoding", "gzip", 0},
		{"Trailer", "X-Sum", 0},
		{"Vary", "Accept, Accept-Encoding", time.Minute},
		{"Vary", "Accept, Cookie", 0},
		{"Vary", "*", 0},
	} {
		h := good.Clone()
		h.Set(c.name, c.value)
		age, ok := keepTime(http.StatusOK, h)
		assert.Equal(t, []any{c.age, c.age > 0}, []any{age, ok}, "%s: %s", c.name, c.value)
	}
	for _, status := range []int{206, 301, 304, 400, 404, 500} {
		_, ok := keepTime(status, good)
		assert.False(t, ok, status)
	}
}

func TestAPassingPictureIsKept(t *testing.T) {
	a := newApp(t, drawn("one"))
	first := a.ask(t, t.Context(), "Accept", acceptOfChrome)
	assert.Equal(t, []any{ResultMiss, "one", "MISS"}, []any{first.result, first.body(), first.Header().Get("X-Nextjs-Cache")})
	again := a.ask(t, t.Context(), "Accept", acceptOfFirefox, "Cookie", "who=me")
	assert.Equal(t, []any{ResultHit, "one", "HIT"}, []any{again.result, again.body(), again.Header().Get("X-Nextjs-Cache")})
	for _, name := range []string{"Content-Type", "Cache-Control", "Vary", "Etag", "Content-Length"} {
		assert.Equal(t, first.Header()[name], again.Header()[name], name)
	}
	assert.NotContains(t, again.Header(), "Expires", "it is the edge's own note")
	head := a.askBy(t, t.Context(), http.MethodHead, "Accept", acceptOfChrome)
	assert.Equal(t, []any{ResultHit, 0, "3"}, []any{head.result, head.Body.Len(), head.Header().Get("Content-Length")})
	same := a.ask(t, t.Context(), "Accept", acceptOfChrome, "If-None-Match", "tag-of-one")
	assert.Equal(t, []any{ResultHit, http.StatusNotModified, 0}, []any{same.result, same.Code, same.Body.Len()})
	assert.Len(t, a.log(), 1)
	assert.Equal(t, ResultMiss, a.ask(t, t.Context(), "Accept", "image/webp").result, "another format")
}

func TestWhatMayNotBeKeptIsAskedForEachTime(t *testing.T) {
	tired := func(context.Context, string, http.ResponseWriter) error { return errOrigin }
	short := func(_ context.Context, _ string, w http.ResponseWriter) error {
		_ = with(drawn("one"), "Content-Length", "10")(t.Context(), "", w)
		return nil
	}
	broken := func(_ context.Context, _ string, w http.ResponseWriter) error {
		_ = drawn("one")(t.Context(), "", w)
		return errOrigin
	}
	for name, answer := range map[string]func(context.Context, string, http.ResponseWriter) error{
		"a cookie":           with(drawn("one"), "Set-Cookie", "a=b"),
		"private":            with(drawn("one"), "Cache-Control", "private, max-age=60"),
		"stale in Next.js":   with(drawn("one"), "X-Nextjs-Cache", "STALE"),
		"shorter than it is": short,
		"broken off":         broken,
		"no answer":          tired,
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, answer)
			for range 2 {
				assert.Equal(t, ResultMiss, a.ask(t, t.Context()).result)
			}
			assert.Len(t, a.log(), 2)
		})
	}
	a := newApp(t, drawn("one"))
	for _, headers := range [][]string{{"Range", "bytes=0-1"}, {"If-None-Match", "x"}, {"If-Modified-Since", "x"}} {
		assert.Equal(t, ResultMiss, a.ask(t, t.Context(), headers...).result)
	}
	assert.Equal(t, ResultMiss, a.askBy(t, t.Context(), http.MethodHead).result)
	assert.Equal(t, ResultMiss, a.ask(t, t.Context()).result, "none of these was a whole picture")
	assert.Equal(t, ResultHit, a.ask(t, t.Context()).result)
}

// reverse_proxy panics where the rest of a body does not come. In the background there is no net/http that would take
// care of it.
func TestABrokenAnswerEndsNothingElse(t *testing.T) {
	a := newApp(t, func(context.Context, string, http.ResponseWriter) error { panic(http.ErrAbortHandler) })
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { a.ask(t, t.Context()) })
	a.change(drawn("one"))
	require.Equal(t, ResultMiss, a.ask(t, t.Context()).result, "nobody waits for the one that broke off")
	a.clock.advance(time.Minute)
	for _, value := range []any{http.ErrAbortHandler, errors.New("a bug")} {
		a.change(func(context.Context, string, http.ResponseWriter) error { panic(value) })
		assert.Equal(t, ResultStale, a.ask(t, t.Context()).result)
		a.settle()
	}
	assert.Equal(t, "one", a.ask(t, t.Context()).body())
	a.settle()
}

func TestAStalePassingPictureIsAskedForOnce(t *testing.T) {
	a := newApp(t, drawn("one"))
	a.ask(t, t.Context())
	a.clock.advance(time.Minute)
	release := make(chan struct{})
	a.change(func(ctx context.Context, who string, w http.ResponseWriter) error {
		<-release
		return drawn("two")(ctx, who, w)
	})
	for range 3 {
		stale := a.ask(t, t.Context(), "Cookie", "who=me")
		assert.Equal(t, []any{ResultStale, "one", "STALE"}, []any{stale.result, stale.body(), stale.Header().Get("X-Nextjs-Cache")})
	}
	close(release)
	a.settle()
	assert.Equal(t, []string{"", nobodysCookie}, a.log(), "once, and in nobody's name")
	fresh := a.ask(t, t.Context())
	assert.Equal(t, []any{ResultHit, "two"}, []any{fresh.result, fresh.body()})
}

func TestWhatARefreshSays(t *testing.T) {
	status := func(status int) func(context.Context, string, http.ResponseWriter) error {
		return func(_ context.Context, _ string, w http.ResponseWriter) error { w.WriteHeader(status); return nil }
	}
	for name, c := range map[string]struct {
		answer func(context.Context, string, http.ResponseWriter) error
		stays  bool
	}{
		"not found":        {status(http.StatusNotFound), false},
		"not for all":      {status(http.StatusUnauthorized), false},
		"private":          {with(drawn("two"), "Cache-Control", "private, max-age=60"), false},
		"to the login":     {status(http.StatusTemporaryRedirect), false},
		"an error":         {status(http.StatusInternalServerError), true},
		"dead":             {func(context.Context, string, http.ResponseWriter) error { return errOrigin }, true},
		"stale in Next.js": {with(drawn("two"), "X-Nextjs-Cache", "STALE"), true},
		"nothing":          {func(context.Context, string, http.ResponseWriter) error { return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, drawn("one"))
			a.ask(t, t.Context())
			a.clock.advance(time.Minute)
			a.change(c.answer)
			require.Equal(t, ResultStale, a.ask(t, t.Context()).result)
			a.settle()
			a.change(drawn("three"))
			want := []any{ResultMiss, "three"}
			if c.stays {
				want = []any{ResultStale, "one"}
			}
			got := a.ask(t, t.Context())
			assert.Equal(t, want, []any{got.result, got.body()})
			a.settle()
		})
	}
}

// Who the client is may decide what Next.js answers: middleware looks at cookies. What is kept is what nobody gets.
func TestOnlyWhatNobodyGetsIsKept(t *testing.T) {
	guarded := func(ctx context.Context, who string, w http.ResponseWriter) error {
		if who == nobodysCookie || who == "" {
			http.Error(w, "no entry", http.StatusUnauthorized)
			return nil
		}
		return drawn("for "+who)(ctx, who, w)
	}
	a := newApp(t, guarded)
	for _, who := range []string{"ann", "bob"} {
		got := a.ask(t, t.Context(), "Cookie", who)
		assert.Equal(t, []any{ResultMiss, http.StatusOK, "for " + who}, []any{got.result, got.Code, got.body()})
		assert.Empty(t, got.Header()["X-Content-Type-Options"], "nothing of the answer for nobody is left")
	}
	assert.Equal(t, http.StatusUnauthorized, a.ask(t, t.Context()).Code)
	assert.Equal(t, []string{nobodysCookie, "ann", nobodysCookie, "bob", ""}, a.log())

	open := newApp(t, drawn("all"))
	for _, headers := range [][]string{{"Cookie", "ann"}, {"Authorization", "Basic x"}, nil} {
		assert.Equal(t, "all", open.ask(t, t.Context(), headers...).body())
	}
	assert.Equal(t, []string{nobodysCookie}, open.log())

	tired := newApp(t, func(_ context.Context, who string, w http.ResponseWriter) error {
		if who == nobodysCookie {
			return errOrigin
		}
		return drawn("for "+who)(t.Context(), who, w)
	})
	assert.Equal(t, "for ann", tired.ask(t, t.Context(), "Cookie", "ann").body(), "an attempt that has failed is not the client's")
}

func TestRequestsForAPassingPictureWait(t *testing.T) {
	begun, release := make(chan struct{}, 10), make(chan struct{})
	a := newApp(t, func(ctx context.Context, who string, w http.ResponseWriter) error {
		begun <- struct{}{}
		<-release
		return drawn("one")(ctx, who, w)
	})
	asking := func(ctx context.Context) <-chan served {
		got := make(chan served, 1)
		go func() { got <- a.ask(t, ctx) }()
		return got
	}
	first := asking(t.Context())
	receive(t, begun, "the application is asked")
	left, leave := context.WithCancel(t.Context())
	leave()
	gone := a.ask(t, left)
	assert.Equal(t, []any{ResultGone, 0}, []any{gone.result, gone.Body.Len()}, "who leaves does not ask the application")
	second := asking(t.Context())
	close(release)
	assert.Equal(t, ResultMiss, receive(t, first, "an answer").result)
	assert.Equal(t, []any{ResultHit, "one"}, func() []any { got := receive(t, second, "an answer"); return []any{got.result, got.body()} }())
	assert.Len(t, a.log(), 1)
}

func TestCloseEndsARefresh(t *testing.T) {
	a := newApp(t, drawn("one"))
	a.ask(t, t.Context())
	a.clock.advance(time.Minute)
	begun := make(chan struct{})
	cause := make(chan error, 1)
	a.change(func(ctx context.Context, _ string, _ http.ResponseWriter) error {
		close(begun)
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return ctx.Err()
	})
	require.Equal(t, ResultStale, a.ask(t, t.Context()).result)
	receive(t, begun, "the application is asked")
	a.Close()
	require.ErrorIs(t, receive(t, cause, "it ends"), ErrClosed)
	a.change(drawn("two"))
	asked := len(a.log())
	assert.Equal(t, "one", a.ask(t, t.Context()).body(), "what was kept is kept")
	a.settle()
	assert.Len(t, a.log(), asked, "nothing is begun any more")
}
