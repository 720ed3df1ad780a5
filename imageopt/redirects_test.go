package imageopt

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hops redirects /n to /n-1, and /0 is an image.
func hops(w http.ResponseWriter, r *http.Request) {
	left, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if left == 0 {
		io.WriteString(w, "image")
		return
	}
	statuses := []int{301, 302, 303, 307, 308}
	w.Header().Set("Location", fmt.Sprintf("/%d", left-1))
	w.WriteHeader(statuses[left%len(statuses)])
}

func TestRedirectsAreCounted(t *testing.T) {
	server := serve(t, hops)
	for _, c := range []struct {
		limits FetchLimits
		hops   int
		status int
		text   string
	}{
		{FetchLimits{MaxRedirects: 3}, 0, 200, ""},
		{FetchLimits{MaxRedirects: 3}, 3, 200, ""},
		{FetchLimits{MaxRedirects: 3}, 4, 508, upstreamInvalid},
		{FetchLimits{MaxRedirects: 0}, 0, 200, ""},
		{FetchLimits{MaxRedirects: 0}, 1, 508, upstreamInvalid},
		{FetchLimits{MaxRedirects: 20, Before16: true}, 20, 200, ""},
		{FetchLimits{MaxRedirects: 20, Before16: true}, 21, 500, serverError},
	} {
		f := newTestFetcher(t, c.limits, names{})
		source, err := f.Remote(t.Context(), at(t, server, "a.test", fmt.Sprintf("/%d", c.hops)), anything)
		if c.status == 200 {
			require.NoError(t, err)
			assert.Equal(t, "image", string(source.Body))
			continue
		}
		failed := requireRefused(t, err, c.status, c.text, CauseRedirects)
		assert.Equal(t, c.limits.MaxRedirects, failed.Hop)
		assert.Contains(t, failed.Error(), "images.maximumRedirects")
	}
}

func TestRedirectLoopsEnd(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	f := newTestFetcher(t, FetchLimits{MaxRedirects: 3}, names{})
	_, err := f.Remote(t.Context(), at(t, server, "a.test", "/"), anything)
	requireRefused(t, err, 508, upstreamInvalid, CauseRedirects)
}

// Stricter than Next.js: the target of a redirect must be in the patterns too.
func TestRedirectTargetsAreCheckedLikeTheFirstURL(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/image" {
			io.WriteString(w, "image of "+r.Host[:strings.IndexByte(r.Host, ':')])
			return
		}
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	})
	port := at(t, server, "x", "").Port()
	resolver := &answers{hosts: map[string][][]string{
		"a.test": {{"127.0.0.1"}}, "b.test": {{"127.0.0.1"}}, "in.test": {{"192.168.0.1"}}, "other.test": {{"127.0.0.1"}},
	}}
	allows := func(u *url.URL) bool {
		return u.Hostname() == "a.test" || u.Hostname() == "b.test" || u.Hostname() == "in.test"
	}
	strict := newTestFetcher(t, FetchLimits{MaxRedirects: 3}, resolver)
	loose := newTestFetcher(t, FetchLimits{MaxRedirects: 3, AllowUnmatchedRedirects: true}, resolver)
	from := func(to string) *url.URL {
		return at(t, server, "a.test", "/?to="+url.QueryEscape(strings.ReplaceAll(to, "PORT", port)))
	}
	for _, to := range []string{"http://b.test:PORT/image", "//b.test:PORT/image", `\\B.TEST:PORT\x\..\image`, "HTTP://b.test:PORT/./image#x"} {
		source, err := strict.Remote(t.Context(), from(to), allows)
		require.NoError(t, err, to)
		assert.Equal(t, "image of b.test", string(source.Body))
	}
	_, err := strict.Remote(t.Context(), from("http://other.test:PORT/image"), allows)
	failed := requireRefused(t, err, 400, notAllowed, CausePattern)
	assert.Equal(t, []any{"other.test:" + port, 1}, []any{failed.Target, failed.Hop})
	assert.NotContains(t, resolver.lookups(), "other.test", "its name says nothing to a resolver of an attacker")

	source, err := loose.Remote(t.Context(), from("http://other.test:PORT/image"), allows)
	require.NoError(t, err)
	assert.Equal(t, "image of other.test", string(source.Body))
	_, err = loose.Remote(t.Context(), at(t, server, "other.test", "/image"), allows)
	requireRefused(t, err, 400, notAllowed, CausePattern) // the first one is always checked

	for _, f := range []*Fetcher{strict, loose} {
		_, err = f.Remote(t.Context(), from("http://in.test:PORT/image"), allows)
		requireRefused(t, err, 400, notAllowed, CauseAddress)
		for _, to := range []string{"ftp://a.test/image", "data:image/png,x", "file:///etc/passwd", "javascript:1", "mailto:a@a.test"} {
			_, err = f.Remote(t.Context(), from(to), anything)
			requireRefused(t, err, 500, serverError, CauseScheme)
		}
	}
}

// The body of a redirect is not read: it may be endless.
func TestRedirectBodiesAreNotRead(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/image" {
			io.WriteString(w, "image")
			return
		}
		w.Header().Set("Location", "/image")
		w.WriteHeader(http.StatusFound)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // until the connection is closed
	})
	f := newTestFetcher(t, FetchLimits{MaxRedirects: 1}, names{})
	source, err := f.Remote(t.Context(), at(t, server, "a.test", "/"), anything)
	require.NoError(t, err)
	assert.Equal(t, "image", string(source.Body))
}

func TestRedirectTarget(t *testing.T) {
	base, err := url.Parse("https://me:secret@a.test:8443/x/y.jpg?q=1")
	require.NoError(t, err)
	for _, c := range []struct {
		location, want string
		status         int
	}{
		{"z.jpg", "https://me:secret@a.test:8443/x/z.jpg", 301},
		{"/z.jpg?w=%zz", "https://me:secret@a.test:8443/z.jpg?w=%zz", 302},
		{"?r=2", "https://me:secret@a.test:8443/x/y.jpg?r=2", 303},
		{"//b.test/z", "https://b.test/z", 307},
		{"http://b.test:80/../z", "http://b.test/z", 308},
		{"http://B.TEST:080/%zz", "http://b.test/%25zz", 302},
		{"http://bücher.test/", "http://xn--bcher-kva.test/", 302},
		{"http://u%40:p%3A@b.test/", "http://u%40:p%3A@b.test/", 302},
		{" \thttp://b.te\nst/z\r ", "http://b.test/z", 302},
		{"http://0x7f.1/", "http://127.0.0.1/", 302},
		{"http://a b/", "", 302},
		{"http://b.test:99999/", "", 302},
		{"http:", "", 302},
		{"/@" + strings.Repeat("@", 60), "https://me:secret@a.test:8443/@" + strings.Repeat("@", 60), 302},
		{"//" + strings.Repeat("@", 65) + "b.test/", "", 302},
		{"", "", 302},
		{"/z", "", 300},
		{"/z", "", 304},
		{"/z", "", 200},
	} {
		target := redirectTarget(base, c.status, c.location)
		if c.want == "" {
			assert.Nil(t, target, c.location)
			continue
		}
		if assert.NotNil(t, target, c.location) {
			assert.Equal(t, c.want, target.String(), c.location)
		}
	}
}

func FuzzRedirectTarget(f *testing.F) {
	for _, seed := range []string{"/a", "//b", "http://[::1]:1/%zz", `\\x\y`, "http://0x7f.1", "http://u:p@h?x#y", "ﬀ://", "http://①.②"} {
		f.Add(seed)
	}
	base, err := url.Parse("http://a.test/x")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, location string) {
		target := redirectTarget(base, 302, location)
		if target == nil || target.Scheme != "http" && target.Scheme != "https" {
			return
		}
		sent := wireURL(target, "key:80").RequestURI()
		require.False(t, strings.ContainsFunc(sent, func(c rune) bool { return c <= ' ' || c >= 0x7f }), "%q", sent)
		require.NotContains(t, target.Hostname(), " ")
	})
}
