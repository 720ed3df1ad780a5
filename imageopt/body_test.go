package imageopt

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBoundedBodyStaysWithinItsBound(t *testing.T) {
	for _, expected := range []int64{-1, 0, 10, 1000, 5000, 1 << 62} {
		body := boundedBody{limit: 1000}
		body.expect(expected)
		written := 0
		for written < 1000 {
			n, err := body.Write(bytes.Repeat([]byte{1}, min(37, 1000-written)))
			require.NoError(t, err)
			written += n
			require.LessOrEqual(t, cap(body.bytes), 1000)
		}
		assert.Equal(t, bytes.Repeat([]byte{1}, 1000), body.bytes)
		_, err := body.Write([]byte{1})
		require.ErrorIs(t, err, errBodyTooLarge)
		_, err = body.Write(nil)
		require.ErrorIs(t, err, errBodyTooLarge, "it is over for good")
		assert.Empty(t, body.bytes)
	}
	huge := boundedBody{limit: 1 << 40}
	huge.expect(1 << 39)
	assert.LessOrEqual(t, cap(huge.bytes), firstAllocation, "an announcement alone allocates little")
}
