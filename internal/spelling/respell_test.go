package spelling

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRespell(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b": "/a/b", "/%70rivate%2Etxt": "/private.txt", "/a%20b": "/a%20b", "/a%2Fb": "/a%2Fb", "/%25%37%30": "/%2570", "/%7euser": "/~user",
		"/caf%C3%A9/%41": "/caf%C3%A9/A", "/%": "/%", "/%4": "/%4", "/%zz": "/%zz", "/a%28": "/a%28", "/%5f%2D": "/_-",
	} {
		plain, changed := Respell(path)
		assert.Equal(t, want, plain)
		assert.Equal(t, want != path, changed, path)
	}
}
