package httpheader

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConditions(t *testing.T) {
	for _, name := range Conditions {
		assert.True(t, HasCondition(http.Header{name: {"x"}}), name)
		assert.Equal(t, name, http.CanonicalHeaderKey(name))
	}
	assert.False(t, HasCondition(http.Header{"Accept": {"x"}, "Range": nil}))
	for name, want := range map[string]bool{
		"Range": true, "If-Match": true, "If-Unmodified-Since": true, "If-Range": true,
		"If-None-Match": false, "If-Modified-Since": false,
	} {
		assert.Equal(t, want, NeedsUncoded(http.Header{name: {"x"}}), name)
	}
}

func TestETagsAreComparedWeakly(t *testing.T) {
	for _, c := range []struct {
		lines []string
		etag  string
		want  bool
	}{
		{nil, `"a"`, false},
		{[]string{`"b", W/"a"`}, `"a"`, true},
		{[]string{`"b"`, ` "a" `}, `W/"a"`, true},
		{[]string{`a`}, `"a"`, false},
		{[]string{"*"}, `"a"`, true},
		{[]string{"*"}, "", true},
		{[]string{", W/"}, "", false},
	} {
		assert.Equal(t, c.want, MatchesETag(c.lines, c.etag), "%q %s", c.lines, c.etag)
	}
}
