package codings

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestETag(t *testing.T) {
	for etag, want := range map[string]string{
		`"a"`: `"a-br"`, `W/"a"`: `W/"a-br"`, `""`: `"-br"`, `a`: `a`, ``: ``, `"a-zstd"`: `"a-zstd"`, `"a-br"`: `"a-br"`,
	} {
		assert.Equal(t, want, ETag(etag, "br"), etag)
	}
}

func TestSameETag(t *testing.T) {
	for _, c := range []struct {
		named, etag, coding string
		same                bool
	}{
		{`"a"`, `"a"`, "", true},
		{`W/"a"`, `"a"`, "", true},
		{`"a-br"`, `"a"`, "br", true},
		{`W/"a-gzip"`, `"a"`, "gzip", true},
		{`"a-zstd"`, `W/"a"`, "zstd", true},
		{`"a-br-br"`, `"a"`, "", false},
		{`"ab-br"`, `"a"`, "", false},
		{`"a-lzma"`, `"a"`, "", false},
		{`"a"`, `"a-br"`, "", false},
		{`"a-br"`, `"a-br"`, "", true},
		{`"a-br-zstd"`, `"a-br"`, "", false},
		{`a-br`, `a`, "", false},
		{`"abr"`, `"a"`, "", false},
		{``, `"a"`, "", false},
		{`"`, `"`, "", true},
	} {
		coding, same := SameETag(c.named, c.etag)
		assert.Equal(t, c.same, same, "%s %s", c.named, c.etag)
		assert.Equal(t, c.coding, coding, "%s %s", c.named, c.etag)
	}
}

func TestAddVary(t *testing.T) {
	for before, want := range map[string][]string{
		"rsc": {"rsc", "Accept-Encoding"}, "rsc, accept-encoding": {"rsc, accept-encoding"}, "*": {"*"},
	} {
		h := http.Header{"Vary": {before}}
		AddVary(h)
		assert.Equal(t, want, h["Vary"])
	}
	h := http.Header{}
	AddVary(h)
	assert.Equal(t, []string{"Accept-Encoding"}, h["Vary"])
}
