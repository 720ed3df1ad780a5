package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSegmentPrefetchesAreKnownByTheirHeader(t *testing.T) {
	segment := http.Header{"Next-Router-Segment-Prefetch": {"/_tree"}, "Rsc": {"1"}}
	assert.True(t, IsSegmentPrefetch(&http.Request{Method: http.MethodGet, Header: segment}))
	assert.True(t, IsSegmentPrefetch(&http.Request{Method: http.MethodHead, Header: segment}))
	assert.False(t, IsSegmentPrefetch(&http.Request{Method: http.MethodPost, Header: segment}), "an action may redirect")
	for _, others := range []http.Header{{"Next-Router-Prefetch": {"1"}, "Rsc": {"1"}}, {}} {
		assert.False(t, IsSegmentPrefetch(&http.Request{Method: http.MethodGet, Header: others}))
	}
}

func TestRedirectsHaveALocation(t *testing.T) {
	location := http.Header{"Location": {"/open"}}
	for status, want := range map[int]bool{
		200: false, 201: false, 204: false, 301: true, 302: true, 303: true, 307: true, 308: true, 404: false,
	} {
		assert.Equal(t, want, Redirects(status, location), status)
		assert.False(t, Redirects(status, http.Header{}), status)
	}
	assert.False(t, Redirects(http.StatusNotModified, http.Header{"Etag": {`"a"`}}))
}

func TestAnEmptyPrefetchTellsOfNoBodyAndIsKeptByNobody(t *testing.T) {
	h := http.Header{
		"Location": {"/open"}, "Refresh": {"0;url=/open"}, "X-Nextjs-Redirect": {"/open"}, "Content-Length": {"5"},
		"Content-Type": {"text/plain"}, "Etag": {`"a"`}, "Cache-Control": {"s-maxage=60"},
		"Cdn-Cache-Control": {"max-age=60"}, "Surrogate-Control": {"max-age=60"},
		"Set-Cookie": {"a=1", "b=2"}, "Vary": {"rsc"}, "X-Custom": {"kept"},
	}
	EmptyPrefetch(h)
	assert.Equal(t, http.Header{
		"Cache-Control": {"private, no-store"}, "Set-Cookie": {"a=1", "b=2"}, "Vary": {"rsc"}, "X-Custom": {"kept"},
	}, h)
}
