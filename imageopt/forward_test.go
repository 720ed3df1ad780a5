package imageopt

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsForwarded(t *testing.T) {
	f, err := NewForwards([]Forward{
		{Pathname: "/private/**", Cookies: []string{"session", "id"}},
		{Pathname: "/api/*/picture", Headers: []string{"authorization", "X-Tenant"}, Cookies: []string{"session"}},
		{Pathname: "/all/**", Headers: []string{"cookie"}, Cookies: []string{"session"}},
		{Pathname: "/private/public/**", Headers: []string{"X-Tenant"}},
	})
	require.NoError(t, err)
	client := http.Header{
		"Cookie": {`theme=dark; session={"a":1}`, "id=a=b; sessions=no"}, "Authorization": {"Bearer x"}, "X-Tenant": {"t1", "t2"}, "User-Agent": {"x"},
	}
	for href, want := range map[string]http.Header{
		"/a.jpg":                        nil,
		"/privately/a.jpg":              nil,
		"/private/a.jpg":                {"Cookie": {`session={"a":1}; id=a=b`}},
		"/private/a.jpg?session=2":      {"Cookie": {`session={"a":1}; id=a=b`}},
		"/x/../private/a.jpg":           {"Cookie": {`session={"a":1}; id=a=b`}},
		"/private/public/a.jpg":         {"Cookie": {`session={"a":1}; id=a=b`}}, // the first pattern decides
		"/api/1/picture":                {"Cookie": {`session={"a":1}`}, "Authorization": {"Bearer x"}, "X-Tenant": {"t1", "t2"}},
		"/api/1/2/picture":              nil,
		"/all/a.jpg":                    {"Cookie": client["Cookie"]},
		"https://far.test/private/a.jp": nil,
	} {
		wanted := Request{Href: href}
		if strings.HasPrefix(href, "https") {
			wanted.Remote = at(t, serve(t, http.NotFound), "far.test", "/private/a.jpg")
		}
		assert.Equal(t, want, goesAlong(f, wanted, client), href)
	}
	assert.Equal(t, http.Header{}, goesAlong(f, Request{Href: "/private/a.jpg"}, http.Header{}), "who has nothing is still asked for in his own name")
	assert.Nil(t, goesAlong(nil, Request{Href: "/private/a.jpg"}, client))

	_, err = NewForwards([]Forward{{Pathname: "/" + strings.Repeat("(", 70000)}})
	assert.ErrorContains(t, err, "forward /")
}

func goesAlong(f Forwards, wanted Request, client http.Header) http.Header {
	if forward := f.of(wanted); forward != nil {
		return forward.headersFor(client)
	}
	return nil
}

// What is made in the name of a client is for that client, and nobody else gets it, at the same moment or later.
func TestForwardedPicturesArePrivate(t *testing.T) {
	o := optimizerFor(t, nil)
	var err error
	o.zone.Forwards, err = NewForwards([]Forward{{Pathname: "/private/**", Cookies: []string{"session"}}})
	require.NoError(t, err)
	ann, bob := photo(t, 64, 48), photo(t, 64, 30)
	begun, release := make(chan struct{}, 2), make(chan struct{})
	o.origin.change(func(_ context.Context, _ int, _ string, forward http.Header) (Source, error) {
		begun <- struct{}{}
		<-release
		switch forward.Get("Cookie") {
		case "session=ann":
			return Source{Body: ann, CacheControl: "no-store", ETag: `"same"`}, nil
		case "session=bob":
			return Source{Body: bob, ETag: `"same"`}, nil
		}
		return Source{}, statusFailure(http.StatusUnauthorized, textInternalInvalid)
	})
	gotAnn := o.asking(t, t.Context(), "/private/a.jpg", "Cookie", "theme=dark; session=ann")
	gotBob := o.asking(t, t.Context(), "/private/a.jpg", "Cookie", "session=bob")
	receive(t, begun, "a fetch")
	receive(t, begun, "another fetch, though the picture is the same")
	close(release)
	a, b := receive(t, gotAnn, "Ann's"), receive(t, gotBob, "Bob's")
	for _, got := range []served{a, b} {
		assert.Equal(t, []any{ResultPrivate, http.StatusOK, "private, max-age=60, must-revalidate", "MISS"},
			[]any{got.result, got.Code, got.Header().Get("Cache-Control"), got.Header().Get("X-Nextjs-Cache")})
	}
	assert.NotEqual(t, a.body(), b.body())
	anybody := o.ask(t, t.Context(), "/private/a.jpg")
	assert.Equal(t, []any{ResultFailed, http.StatusUnauthorized, textInternalInvalid}, []any{anybody.result, anybody.Code, anybody.body()})
	assert.Equal(t, 3, o.origin.count())
	assert.Zero(t, o.store.Stats().Disk.Entries+o.store.Stats().Memory.Entries)
	assert.Equal(t, ResultFailed, o.ask(t, t.Context(), "/public.jpg", "Cookie", "session=ann").result, "other sources are asked for by nobody")

	left, leave := context.WithCancel(t.Context())
	h := o.hold(Source{})
	logged := o.logs.Len()
	gone := o.asking(t, left, "/private/b.jpg", "Cookie", "session=ann")
	receive(t, h.begun, "the fetch begins")
	leave()
	assert.Equal(t, ResultGone, receive(t, gone, "who left").result)
	assert.Equal(t, logged, o.logs.Len(), "who leaves is no failure")
}
