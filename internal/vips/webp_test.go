package vips

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
)

func webp(chunks ...string) []byte {
	body := "WEBP"
	for _, chunk := range chunks {
		body += chunk
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func chunk(name, data string) string {
	head := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	if len(data)%2 == 1 {
		data += "\x00"
	}
	return string(head) + data
}

func extended(flags byte) string {
	return chunk("VP8X", string([]byte{flags, 0, 0, 0, 1, 0, 0, 1, 0, 0}))
}

func TestBareWebP(t *testing.T) {
	picture, alpha := chunk("VP8 ", "pixels!"), chunk("MASK", "mask")
	for _, c := range []struct {
		name       string
		made, want []byte
	}{
		{"simple", webp(picture), webp(picture)},
		{"EXIF of its own", webp(extended(webpEXIF), picture, chunk("EXIF", "exif.")), webp(picture)},
		{"everything", webp(extended(webpEXIF|webpXMP|webpProfile), chunk("ICCP", "icc"), picture, chunk("EXIF", "e"), chunk("XMP ", "x")), webp(picture)},
		{"alpha", webp(extended(webpEXIF|webpAlpha), alpha, picture, chunk("EXIF", "exif")), webp(extended(webpAlpha), alpha, picture)},
		{"not a WebP", []byte("RIFF1234WAVE"), []byte("RIFF1234WAVE")},
		{"too short", []byte("RIFF"), []byte("RIFF")},
		{"chunk longer than the file", webp(picture, "EXIF\xff\xff\xff\xff1234"), webp(picture, "EXIF\xff\xff\xff\xff1234")},
		{"chunk cut off", webp(picture, "EXI"), webp(picture, "EXI")},
		{"empty extended header", webp(chunk("VP8X", ""), picture), webp(chunk("VP8X", ""), picture)},
	} {
		assert.Equal(t, c.want, bareWebP(c.made), c.name)
	}
}

func FuzzBareWebP(f *testing.F) {
	f.Add(webp(extended(webpEXIF|webpAlpha), chunk("MASK", "mask"), chunk("VP8 ", "pixels!"), chunk("EXIF", "exif")))
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, made []byte) {
		bare := bareWebP(made)
		assert.LessOrEqual(t, len(bare), len(made))
		assert.Equal(t, bare, bareWebP(bare), "a bare picture stays as it is")
	})
}
