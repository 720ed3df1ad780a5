//go:build cgo && !novips

package vips_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

var (
	red   = color.NRGBA{R: 220, G: 30, B: 30, A: 255}
	green = color.NRGBA{R: 30, G: 180, B: 60, A: 255}
	blue  = color.NRGBA{R: 30, G: 60, B: 200, A: 255}
	white = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
)

// quarters is a picture of four colours: top left, top right, bottom left, bottom right.
func quarters(width, height int, colours [4]color.Color) *image.NRGBA64 {
	made := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for n, c := range colours {
		corner := image.Pt(n%2*width/2, n/2*height/2)
		draw.Draw(made, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(width/2, height/2))}, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return made
}

// cornersOf are the colours in the middles of the four quarters.
func cornersOf(made image.Image) [4]color.Color {
	size := made.Bounds().Size()
	var colours [4]color.Color
	for n := range colours {
		colours[n] = made.At(size.X*(1+n%2*2)/4, size.Y*(1+n/2*2)/4)
	}
	return colours
}

func assertColour(t *testing.T, want, got color.Color, tolerance float64, message ...any) {
	t.Helper()
	w, g := color.NRGBAModel.Convert(want).(color.NRGBA), color.NRGBAModel.Convert(got).(color.NRGBA)
	for _, pair := range [][2]uint8{{w.R, g.R}, {w.G, g.G}, {w.B, g.B}, {w.A, g.A}} {
		if !assert.InDelta(t, pair[0], pair[1], tolerance, message...) {
			t.Logf("want %v, got %v", w, g)
			return
		}
	}
}

func asJPEG(t *testing.T, made image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, made, &jpeg.Options{Quality: 98}))
	return out.Bytes()
}

func asPNG(t *testing.T, made image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, made))
	return out.Bytes()
}

// oriented puts an EXIF block with an orientation into a JPEG.
func oriented(made []byte, orientation byte) []byte {
	tiff := "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string([]byte{orientation}) + "\x00\x00\x00\x00\x00\x00"
	body := "Exif\x00\x00" + tiff
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return bytes.Join([][]byte{made[:2], segment, []byte(body), made[2:]}, nil)
}

func shown(t *testing.T, made []byte) image.Image {
	t.Helper()
	picture, _, err := image.Decode(bytes.NewReader(made))
	require.NoError(t, err)
	return picture
}

// The eight orientations of EXIF, with the width that counts being the one after the rotation.
func TestOrientations(t *testing.T) {
	made := asJPEG(t, quarters(320, 160, [4]color.Color{red, green, blue, white}))
	for orientation, want := range map[byte][4]color.Color{
		0: {red, green, blue, white},
		1: {red, green, blue, white},
		2: {green, red, white, blue},
		3: {white, blue, green, red},
		4: {blue, white, red, green},
		5: {red, blue, green, white},
		6: {blue, red, white, green},
		7: {white, green, blue, red},
		8: {green, white, red, blue},
		9: {red, green, blue, white},
	} {
		sideways := orientation >= 5 && orientation <= 8
		for _, width := range []int{32, 128, 640} {
			name := fmt.Sprintf("orientation %d, w=%d", orientation, width)
			got, err := ours(oriented(made, orientation), vips.JPEG, width, vips.JPEG)
			require.NoError(t, err, name)
			picture := shown(t, got)
			size := image.Pt(min(width, 320), min(width, 320)/2)
			if sideways {
				size = image.Pt(min(width, 160), min(width, 160)*2)
			}
			assert.Equal(t, size, picture.Bounds().Size(), name)
			for n, c := range cornersOf(picture) {
				assertColour(t, want[n], c, 12, "%s, quarter %d", name, n)
			}
			assert.NotContains(t, string(got), "Exif", name)
		}
	}
}

func TestColoursOfEveryDepth(t *testing.T) {
	colours := [4]color.Color{red, green, blue, white}
	grey := [4]color.Color{color.Gray{Y: 10}, color.Gray{Y: 90}, color.Gray{Y: 170}, color.Gray{Y: 250}}
	deep := quarters(200, 200, colours)
	convert := func(to draw.Image, from image.Image) image.Image {
		draw.Draw(to, to.Bounds(), from, image.Point{}, draw.Src)
		return to
	}
	var animation bytes.Buffer
	palette := color.Palette{red, green, blue, white}
	require.NoError(t, gif.Encode(&animation, convert(image.NewPaletted(deep.Bounds(), palette), deep), nil))
	for _, c := range []struct {
		name, mime string
		made       []byte
		want       [4]color.Color
	}{
		{"8-bit jpeg", vips.JPEG, asJPEG(t, deep), colours},
		{"grey jpeg", vips.JPEG, asJPEG(t, convert(image.NewGray(deep.Bounds()), quarters(200, 200, grey))), grey},
		{"8-bit png", vips.PNG, asPNG(t, convert(image.NewNRGBA(deep.Bounds()), deep)), colours},
		{"16-bit png", vips.PNG, asPNG(t, convert(image.NewRGBA64(deep.Bounds()), deep)), colours},
		{"16-bit png with alpha", vips.PNG, asPNG(t, deep), colours},
		{"grey png", vips.PNG, asPNG(t, convert(image.NewGray(deep.Bounds()), quarters(200, 200, grey))), grey},
		{"16-bit grey png", vips.PNG, asPNG(t, convert(image.NewGray16(deep.Bounds()), quarters(200, 200, grey))), grey},
		{"palette png", vips.PNG, asPNG(t, convert(image.NewPaletted(deep.Bounds(), palette), deep)), colours},
		{"gif", vips.GIF, animation.Bytes(), colours},
	} {
		for _, width := range []int{64, 640} {
			for _, output := range []string{vips.JPEG, vips.PNG} {
				got, err := ours(c.made, c.mime, width, output)
				require.NoError(t, err, c.name)
				for n, found := range cornersOf(shown(t, got)) {
					assertColour(t, c.want[n], found, 4, "%s to %s, w=%d, quarter %d", c.name, output, width, n)
				}
			}
		}
	}
}

// The colour of transparent pixels does not bleed into their neighbours, and what is translucent stays so; JPEG puts it
// on black.
func TestAlpha(t *testing.T) {
	half := color.NRGBA{R: 30, G: 60, B: 200, A: 128}
	clear := color.NRGBA{R: 255, G: 255, B: 255, A: 0}
	made := asPNG(t, quarters(400, 400, [4]color.Color{red, clear, half, clear}))
	got, err := ours(made, vips.PNG, 100, vips.PNG)
	require.NoError(t, err)
	picture := shown(t, got)
	corners := cornersOf(picture)
	assertColour(t, red, corners[0], 4)
	assertColour(t, half, corners[2], 6)
	for _, n := range []int{1, 3} {
		_, _, _, a := corners[n].RGBA()
		assert.Zero(t, a)
	}
	for x := 46; x < 54; x++ {
		if edge := color.NRGBAModel.Convert(picture.At(x, 25)).(color.NRGBA); edge.A > 40 {
			assertColour(t, color.NRGBA{R: red.R, G: red.G, B: red.B, A: edge.A}, edge, 25, "x=%d", x)
		}
	}
	got, err = ours(made, vips.PNG, 100, vips.JPEG)
	require.NoError(t, err)
	corners = cornersOf(shown(t, got))
	assertColour(t, red, corners[0], 4)
	assertColour(t, color.Black, corners[1], 4)
	assertColour(t, color.NRGBA{R: 15, G: 30, B: 100, A: 255}, corners[2], 4)
}

// A profile that is none changes nothing, and what libvips says of it goes to the log, for those who debug.
func TestInvalidProfileIsIgnored(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	require.NoError(t, vips.Start(zap.New(core)))
	defer func() { require.NoError(t, vips.Start(nil)) }()
	made := asJPEG(t, quarters(320, 160, [4]color.Color{red, green, blue, white}))
	body := "ICC_PROFILE\x00\x01\x01" + strings.Repeat("garbage ", 40)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe2}, uint16(len(body)+2))
	profiled := bytes.Join([][]byte{made[:2], segment, []byte(body), made[2:]}, nil)
	want, err := ours(made, vips.JPEG, 128, vips.WebP)
	require.NoError(t, err)
	assert.Empty(t, logs.All())
	got, err := ours(profiled, vips.JPEG, 128, vips.WebP)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	require.NotEmpty(t, logs.All())
	assert.Equal(t, zap.DebugLevel, logs.All()[0].Level)
	assert.Contains(t, logs.All()[0].ContextMap()["message"], "profile")
}
