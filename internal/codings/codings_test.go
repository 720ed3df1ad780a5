package codings

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

func TestWhatIsCompressedComesBack(t *testing.T) {
	for how, compress := range map[string]func(string, []byte) ([]byte, error){"best": Compress, "quick": Quick} {
		for _, body := range []string{"", "a", strings.Repeat("self.__next_f.push([1,2]);", 100_000), "a"} {
			for _, name := range Names {
				out, err := compress(name, []byte(body))
				require.NoError(t, err)
				assert.True(t, codingtest.Decode(t, name, out) == body, "%d bytes in %s, %s", len(body), name, how)
				assert.Less(t, len(out), 100+len(body)/100)
			}
		}
		_, err := compress("deflate", nil)
		assert.ErrorContains(t, err, `"deflate" is none of br, zstd, gzip`)
	}
}

func TestACopyIsMadeOfWhatGetsSmaller(t *testing.T) {
	noise := make([]byte, 4096)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	for _, name := range Names {
		copied, err := Copy(name, []byte(strings.Repeat("page ", 1000)), Quick)
		require.NoError(t, err)
		assert.NotEmpty(t, copied)
		copied, err = Copy(name, noise, Quick)
		require.NoError(t, err)
		assert.Empty(t, copied)
		assert.NotNil(t, copied)
	}
	_, err := Copy("deflate", noise, Quick)
	assert.Error(t, err)
}

func TestWhatGetsSmallerByCompression(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/html; charset=UTF-8": true, "text/x-component": true, "application/javascript; charset=UTF-8": true, "application/json": true, "image/svg+xml": true,
		"application/wasm": true, "font/ttf": true, "font/woff2": false, "image/png": false, "application/zip": false, "application/octet-stream": false, "": false,
	} {
		assert.Equal(t, want, Compressible(contentType), contentType)
	}
}
