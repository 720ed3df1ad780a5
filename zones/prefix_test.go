package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCleanPrefix(t *testing.T) {
	for _, c := range []struct{ prefix, want string }{
		{"/", ""},
		{"/blog", "/blog"},
		{"/blog/", "/blog"},
		{"/a/b", "/a/b"},
		{"/fähre", "/f%C3%A4hre"},
		{"/a%20b", "/a%20b"},
	} {
		got, err := cleanPrefix(c.prefix)
		require.NoError(t, err, c.prefix)
		assert.Equal(t, c.want, got)
	}
	for _, c := range []struct{ prefix, message string }{
		{"blog", "begin with /"},
		{"", "begin with /"},
		{"/blog?x", "query"},
		{"/blog#x", "fragment"},
		{"/blog/*", "wildcards"},
		{"/{env.X}", "placeholders"},
		{"//blog", "repeated slashes"},
		{`/a\b`, "backslashes"},
		{"/a/../b", "dot segments"},
		{"/a/%2e%2e", "dot segments"},
		{"/%zz", "decoding"},
	} {
		_, err := cleanPrefix(c.prefix)
		assert.ErrorContains(t, err, c.message, c.prefix)
	}
}
