//go:build cgo && !novips

package vips_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// pngOf is a PNG of one bit per pixel, all black: as small as a picture of its size can be.
func pngOf(t testing.TB, width, height uint32) []byte {
	t.Helper()
	var pixels bytes.Buffer
	squeezed := zlib.NewWriter(&pixels)
	row := make([]byte, 1+(width+7)/8)
	for range height {
		_, err := squeezed.Write(row)
		require.NoError(t, err)
	}
	require.NoError(t, squeezed.Close())
	made := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		name string
		data []byte
	}{
		{"IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height), 1, 0, 0, 0, 0)},
		{"IDAT", pixels.Bytes()},
		{"IEND", nil},
	} {
		made = binary.BigEndian.AppendUint32(made, uint32(len(chunk.data)))
		body := append([]byte(chunk.name), chunk.data...)
		made = binary.BigEndian.AppendUint32(append(made, body...), crc32.ChecksumIEEE(body))
	}
	return made
}

// A small file that says, or is, a huge picture is refused by its header, before any pixel is decoded.
func TestBombsAreRefused(t *testing.T) {
	jpegOf := func(width, height uint16) []byte {
		made := asJPEG(t, image.NewGray(image.Rect(0, 0, 16, 16)))
		at := bytes.Index(made, []byte{0xff, 0xc0})
		binary.BigEndian.PutUint16(made[at+5:], height)
		binary.BigEndian.PutUint16(made[at+7:], width)
		return made
	}
	gifOf := func(width, height uint16) []byte {
		made := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
		binary.LittleEndian.PutUint16(made[6:], width)
		binary.LittleEndian.PutUint16(made[8:], height)
		binary.LittleEndian.PutUint16(made[24:], width)
		binary.LittleEndian.PutUint16(made[26:], height)
		return made
	}
	bomb := pngOf(t, 20000, 20000)
	require.Less(t, len(bomb), 100_000)
	_, before := vips.Memory()
	for _, c := range []struct {
		name, mime string
		made       []byte
	}{
		{"png", vips.PNG, bomb},
		{"jpeg", vips.JPEG, jpegOf(65500, 65500)},
		{"gif", vips.GIF, gifOf(65535, 65535)},
	} {
		_, err := vips.Transform(context.Background(), c.made, c.mime,
			vips.Options{Width: 640, Output: vips.WebP, Quality: 75, MaxPixels: 268402689})
		require.ErrorIs(t, err, vips.ErrFailed, c.name)
		assert.ErrorContains(t, err, "more than 268402689 pixels", c.name)
	}
	_, after := vips.Memory()
	assert.LessOrEqual(t, after-before, int64(1<<20), "bytes that libvips took")

	// What is under the limit is streamed: a row of tiles at a time.
	got, err := vips.Transform(context.Background(), pngOf(t, 10000, 10000), vips.PNG,
		vips.Options{Width: 64, Output: vips.JPEG, Quality: 75, MaxPixels: 268402689})
	require.NoError(t, err)
	assert.Equal(t, image.Pt(64, 64), shown(t, got).Bounds().Size())
	_, after = vips.Memory()
	assert.Less(t, after-before, int64(40<<20), "of 100 MB")
}

// encoded is a photograph-like picture in every format that is read.
func encoded(t testing.TB) map[string][]byte {
	t.Helper()
	noisy := image.NewNRGBA(image.Rect(0, 0, 120, 90))
	for i := range noisy.Pix {
		noisy.Pix[i] = byte(i*i>>5 ^ i>>3)
		if i%4 == 3 {
			noisy.Pix[i] = 255
		}
	}
	var base bytes.Buffer
	require.NoError(t, png.Encode(&base, noisy))
	made := map[string][]byte{vips.PNG: base.Bytes()}
	for _, mime := range []string{vips.JPEG, vips.WebP, vips.AVIF, vips.GIF, vips.TIFF} {
		var err error
		made[mime], err = ours(base.Bytes(), vips.PNG, 640, mime)
		require.NoError(t, err, mime)
	}
	return made
}

// A picture that is cut off or damaged is not half a picture: it fails, whatever its format.
func TestTruncatedPicturesFail(t *testing.T) {
	for mime, made := range encoded(t) {
		_, err := ours(made, mime, 64, vips.JPEG)
		require.NoError(t, err, "%s whole", mime)
		for _, share := range []int{0, 1, 5, 10, 25, 50, 75, 90, 98} {
			_, err := ours(made[:len(made)*share/100], mime, 64, vips.JPEG)
			assert.ErrorIs(t, err, vips.ErrFailed, "%s, %d %%", mime, share)
		}
	}
}

func TestWrongChecksumFails(t *testing.T) {
	made := encoded(t)[vips.PNG]
	at := bytes.Index(made, []byte("IDAT"))
	made[at-4+8+int(binary.BigEndian.Uint32(made[at-4:]))] ^= 0xff
	_, err := ours(made, vips.PNG, 64, vips.JPEG)
	assert.ErrorIs(t, err, vips.ErrFailed)
}

func TestWhatIsNotReadOrWrittenFails(t *testing.T) {
	made := encoded(t)[vips.PNG]
	for name, err := range map[string]error{
		"another format than said": second(ours(made, vips.JPEG, 64, vips.JPEG)),
		"jp2":                      second(ours([]byte("\x00\x00\x00\x0cjP  \r\n\x87\n"), "image/jp2", 64, vips.JPEG)),
		"svg":                      second(ours([]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml", 64, vips.JPEG)),
		"svg as png":               second(ours([]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), vips.PNG, 64, vips.JPEG)),
		"jxl asked for":            second(ours(made, vips.PNG, 64, "image/jxl")),
		"empty":                    second(ours(nil, vips.PNG, 64, vips.JPEG)),
	} {
		assert.ErrorIs(t, err, vips.ErrFailed, name)
	}
}

func TestResultTooLargeForItsFormatFails(t *testing.T) {
	tall := pngOf(t, 64, 17000)
	for _, output := range []string{vips.WebP, vips.AVIF} {
		_, err := ours(tall, vips.PNG, 640, output)
		require.ErrorIs(t, err, vips.ErrFailed)
		assert.ErrorContains(t, err, "64 x 17000 is too large for "+output)
	}
	got, err := ours(tall, vips.PNG, 640, vips.PNG)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(64, 17000), shown(t, got).Bounds().Size())
}

func TestAdmitDecidesByTheHeader(t *testing.T) {
	refused := errors.New("not now")
	var seen vips.Size
	_, err := vips.Transform(context.Background(), asJPEG(t, image.NewGray(image.Rect(0, 0, 300, 200))), vips.JPEG, vips.Options{
		Width: 64, Output: vips.JPEG, Quality: 75,
		Admit: func(size vips.Size) error {
			seen = size
			return refused
		},
	})
	assert.Equal(t, refused, err)
	assert.Equal(t, vips.Size{Width: 300, Height: 200}, seen)
}

// A transform whose context ends, or that takes too long, is stopped while it decodes.
func TestTransformIsStopped(t *testing.T) {
	big := pngOf(t, 15000, 15000)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := vips.Transform(ctx, big, vips.PNG, vips.Options{Width: 640, Output: vips.JPEG, Quality: 75})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = vips.Transform(context.Background(), big, vips.PNG, vips.Options{Width: 640, Output: vips.JPEG, Quality: 75, Timeout: time.Nanosecond})
	assert.ErrorIs(t, err, vips.ErrFailed)
	assert.ErrorContains(t, err, "takes too long")
}

// Every transform closes what it has opened, whether it succeeds or fails.
func TestNothingIsLeftOpen(t *testing.T) {
	require.Zero(t, vips.OpenImages())
	for mime, made := range encoded(t) {
		for _, output := range []string{vips.JPEG, vips.WebP, vips.PNG} {
			_, err := ours(made, mime, 64, output)
			require.NoError(t, err)
			_, err = ours(made[:len(made)/2], mime, 64, output)
			require.Error(t, err)
		}
	}
	assert.Zero(t, vips.OpenImages())
	now, _ := vips.Memory()
	assert.Zero(t, now, "bytes that libvips holds")
}

func FuzzTransform(f *testing.F) {
	kinds := []string{vips.JPEG, vips.PNG, vips.WebP, vips.AVIF, vips.GIF, vips.TIFF}
	made := encoded(f)
	for kind, mime := range kinds {
		f.Add(uint8(kind), uint16(48), made[mime])
		f.Add(uint8(kind), uint16(640), made[mime][:len(made[mime])/2])
	}
	f.Add(uint8(0), uint16(64), oriented(made[vips.JPEG], 6))
	f.Fuzz(func(t *testing.T, kind uint8, width uint16, made []byte) {
		got, err := vips.Transform(context.Background(), made, kinds[int(kind)%len(kinds)], vips.Options{
			Width: int(width%4096) + 1, Output: vips.JPEG, Quality: 75, MaxPixels: 1 << 22, Timeout: 5 * time.Second,
		})
		if err != nil {
			require.ErrorIs(t, err, vips.ErrFailed)
			return
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(got))
		require.NoError(t, err)
		assert.LessOrEqual(t, config.Width, int(width%4096)+1)
	})
}

func second[T any](_ T, err error) error { return err }
