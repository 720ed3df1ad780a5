//go:build cgo && !novips

package vips

import (
	"testing"

	gv "github.com/davidbyttow/govips/v2/vips"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// What the check at the start reads is damaged so little that only a warning tells, and this libvips heeds it.
func TestStartKnowsWhetherWarningsFail(t *testing.T) {
	require.NoError(t, Start(zap.NewNop()))
	assert.False(t, takesDamaged())
	lax := gv.NewImportParams()
	lax.FailOnError.Set(false)
	shown, err := gv.LoadImageFromBuffer(damagedJPEG, lax)
	require.NoError(t, err)
	defer shown.Close()
	_, err = shown.ToBytes()
	require.NoError(t, err)
}

// An encoder that is not there, and a type that is none.
func TestCanEncodeTries(t *testing.T) {
	for mime := range codecs {
		assert.True(t, CanEncode(mime), mime)
	}
	assert.False(t, CanEncode("image/jxl"))
	assert.Zero(t, OpenImages())
}
