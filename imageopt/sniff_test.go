package imageopt

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// heads are beginnings of files: the signatures, and what nearly is one.
var heads = []string{
	"", "\xff", "\xff\xd8\xff\xe0", "\xff\xd8\xff", "\xff\xd8\x00", "\xff\xd8", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "\x89PNG\r\n\x1a\n", "\x00PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "\x00PNG\r\n\x1a\n\x00\x00\x00\rIDAT",
	"xPNG\r\n\x1a\n\x00\x00\x00\x04CgBI\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00IHDR", "GIF89a", "GIF87a", "GIF80", "GIF", "RIFF1234WEBPVP8 ", "RIFF1234WEBP", "RIFF1234WAVE", "<?xml version=\"1.0\"?><html>", "<?xml", "<svg", "<svgx", "<SVG >",
	" <svg width=\"1\">", "<!-- c --><svg\u00a0a='>'>", "<!DOCTYPE svg><svg\nx>", "\ufeff<svg >", "\ufeff\n<svg a=\"b>", "<html><svg\tviewBox='0 0 1 1'></svg>", "x<svg a='\"'>", "x<svg>", "x<svg ", "x<svg a=\"<svg >", "x<svg ' ><svg b>",
	strings.Repeat("x", 990) + "<svg a>", strings.Repeat("x", 994) + "<svg a>", strings.Repeat("x", 1020) + "<svg a>", "P1<svg a>", "P8<svg a>", "PF <svg a>", "8BPS<svg a>", "8<svg a>",
	"\x00\x00\x01\x00\x01\x00", "\x00\x00\x01\x00", "\x00\x00\x02\x00\x01\x00", "\x00\x00\x02\x00\x00\x00<svg a>", "\x00\x00\x02\x00\x01\x00<svg a>", "\x00\x00\x00\x00\x00\x00<svg a>", "icns\x00", "icn", "II*\x00", "MM\x00*", "MM*\x00", "II\x00*", "BM", "B", "\xff\x0a", "\xff\x4f\xff\x51", "DDS ", "DDS",
	"\x00\x00\x00\x0cJXL \r\n\x87\n", "\x00\x00\x00\x0cJXL \r\n\x87\x00", "\x00\x00\x00\x0cJXL xxxx\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00", "\x00\x00\x00\x10JXL xxxxxxxx\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl ", "\x00\x00\x00\x10JXL xxxxxxxx\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jxl ",
	"\x00\x00\x00\x0cjP  \r\n\x87\n", "\x00\x00\x00\x10jP  xxxxxxxx\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ", "\x00\x00\x00\x00jP  \x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ", "\x00\x00\x00\xffjP  xxxx\x00\x00\x00\x14ftypjp2 ",
	"\x01KTX 11\xbb", "\x01KTX 20<svg a>", "%PDF-1.7", "%PDF<svg a>", "hello", "<html></html>", "MZ", "XX\xff\xd8\xff\xe0",
}

func ftyp(size uint32, brand string, length int) string {
	b := binary.BigEndian.AppendUint32(nil, size)
	b = append(b, "ftyp"+brand...)
	return string(append(b, bytes.Repeat([]byte{'x'}, max(0, length-len(b)))...))
}

// IMAGES.md 6.
func TestSniff(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"\xff\xd8\xff\xe0", jpeg},
		{"\xff\xd8\x00", jpeg},
		{"\x89PNG\r\n\x1a\n", png},
		{"GIF89a", gif},
		{"RIFF1234WEBP", webp},
		{"<?xml version=\"1.0\"?><html>", svg},
		{"<svg", svg},
		{"\ufeff<!-- c --> <svg width='1'>", svg},
		{"<SVG width='1'>", ""},
		{"x<svg>", ""},
		{strings.Repeat("x", 1000) + "<svg a>", ""},
		{ftyp(24, "avif", 24), avif},
		{ftyp(15, "avif", 24), ""},
		{ftyp(25, "avif", 24), ""},
		{ftyp(24, "heic", 24), heic},
		{ftyp(24, "mif1", 24), ""},
		{ftyp(24, "avis", 24), ""},
		{"<!--ftypavif--><svg a>", svg},
		{"\x00\x00\x01\x00", ico},
		{"icns", icns},
		{"II*\x00", tiff},
		{"MM\x00*", tiff},
		{"BM", bmp},
		{"\xff\x0a", jxl},
		{"\x00\x00\x00\x0cJXL \r\n\x87\n", jxl},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", jp2},
		{"%PDF-1.7 <svg a>", ""},
		{"8BPS", ""},
		{"\x00\x00\x02\x00\x01\x00", ""},
		{"<html>", ""},
		{"", ""},
	} {
		assert.Equal(t, c.want, Sniff([]byte(c.body)), "%.40q", c.body)
	}
}

func TestSniffAgreesWithNext(t *testing.T) {
	var bodies [][]byte
	for _, head := range heads {
		bodies = append(bodies, []byte(head), []byte(head+strings.Repeat("\x00", 40)), []byte(head+"<svg a>"), []byte("\x00"+head))
	}
	for _, brand := range []string{"avif", "heic", "mif1", "msf1", "heix", "hevc", "hevx", "avis", "isom", "jxl ", "jp2 "} {
		for _, size := range []uint32{0, 8, 15, 16, 24, 25, 1 << 10, 1<<10 + 1, 1 << 31} {
			bodies = append(bodies, []byte(ftyp(size, brand, 24)), []byte(ftyp(size, brand, 1100)), []byte(ftyp(size, brand, 24)+"<svg a>"))
		}
	}
	random := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		body := []byte(heads[random.IntN(len(heads))] + heads[random.IntN(len(heads))])
		for range min(2, len(body)) {
			body[random.IntN(len(body))] = heads[1+random.IntN(len(heads)-1)][0]
		}
		bodies = append(bodies, body)
	}
	for i, raw := range askNext[[]byte, json.RawMessage](t, 16, "type", bodies) {
		var want string
		if json.Unmarshal(raw, &want) != nil {
			want = "" // it threw: a PNG without its first chunk
		}
		if want == "application/pdf" {
			want = ""
		}
		assert.Equal(t, want, Sniff(bodies[i]), "%.60q: %s", bodies[i], raw)
	}
}

func TestWhatIsDoneWithTypes(t *testing.T) {
	for _, c := range []struct {
		source, format, output string
		passes                 bool
	}{
		{jpeg, "", jpeg, false},
		{jpeg, webp, webp, false},
		{png, "", png, false},
		{gif, "", gif, false},
		{tiff, avif, avif, false},
		{jp2, "", jp2, false},
		{webp, "", jpeg, false},
		{avif, "", jpeg, false},
		{avif, webp, webp, false},
		{svg, "", jpeg, true},
		{ico, "", jpeg, true},
		{icns, "", jpeg, true},
		{bmp, "", jpeg, true},
		{jxl, "", jpeg, true},
		{heic, "", jpeg, true},
	} {
		assert.Equal(t, c.passes, PassesThrough(c.source, false), c.source)
		assert.True(t, PassesThrough(c.source, true), c.source)
		if !c.passes {
			assert.Equal(t, c.output, OutputType(c.source, c.format), "%+v", c)
		}
	}
}

func TestCheckType(t *testing.T) {
	s := settings(t, 16, nil)
	assert.Nil(t, s.CheckType(jpeg))
	assert.Equal(t, &Refusal{400, "The requested resource isn't a valid image."}, s.CheckType(""))
	assert.Equal(t, &Refusal{400, `"url" parameter is valid but image type is not allowed`}, s.CheckType(svg))
	s.DangerouslyAllowSVG = true
	assert.Nil(t, s.CheckType(svg))
}

func gifFile(table bool, images int, end string) []byte {
	b := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00")
	if table {
		b[10] = 0x80
		b = append(b, 1, 2, 3, 4, 5, 6)
	}
	b = append(b, "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"...)
	for range images {
		b = append(b, "\x21\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x81abcdefghijkl\x02\x02L\x01\x00"...)
	}
	return append(b, end...)
}

func pngFile(chunks ...string) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range chunks {
		b = append(b, "\x00\x00\x00\x02"+chunk+"xxCRC."...)
	}
	return b
}

func TestIsAnimatedAgreesWithNext(t *testing.T) {
	type file struct {
		mime string
		body []byte
		want bool
	}
	files := []file{
		{gif, gifFile(true, 1, ";"), false},
		{gif, gifFile(true, 2, ";"), true},
		{gif, gifFile(false, 3, ";"), true},
		{gif, gifFile(false, 1, "garbage"), false},
		{gif, gifFile(false, 0, ""), false},
		{gif, []byte("GIF8"), false},
		{png, pngFile("IHDR", "IDAT", "IEND"), false},
		{png, pngFile("IHDR", "acTL", "fcTL", "IDAT", "IDAT", "fcTL", "fdAT", "fdAT", "IEND"), true},
		{png, pngFile("IHDR", "acTL", "fcTL", "IDAT", "IEND"), false},
		{png, pngFile("IHDR", "acTL", "IDAT", "fcTL", "fdAT", "IEND"), false},
		{png, pngFile("IHDR", "acTL", "fcTL", "IDAT", "tEXt", "IDAT"), false},
		{png, pngFile("IHDR", "IDAT", "acTL", "fcTL", "fdAT"), false},
		{png, pngFile("IHDR", "acTL", "fcTL", "IDAT", "tEXt", "fdAT"), false},
		{webp, []byte("RIFF\x00\x00\x00\x00WEBPVP8X....ANIM"), true},
		{webp, []byte("RIFF\x00\x00\x00\x00WEBPVP8 ...."), false},
		{webp, []byte("RIFF\x00\x00\x00\x00WEBPVP8 EXIF: a picture of an ANIMal"), true},
	}
	random := rand.New(rand.NewPCG(9, 10))
	known := len(files)
	for range 1000 {
		// Damaged files; a PNG is cut nowhere, or Next.js throws at the bytes that are left.
		f := files[random.IntN(known)]
		f.body = bytes.Clone(f.body)
		if f.mime != png {
			f.body = f.body[:random.IntN(len(f.body)+1)]
		}
		if len(f.body) > 20 {
			f.body[13+random.IntN(len(f.body)-13)] = byte(random.IntN(256))
		}
		files = append(files, f)
	}
	bodies := make([][]byte, len(files))
	for i, f := range files {
		bodies[i] = f.body
	}
	for i, raw := range askNext[[]byte, json.RawMessage](t, 16, "animated", bodies) {
		f := files[i]
		got := IsAnimated(f.mime, f.body)
		if i < known {
			assert.Equal(t, f.want, got, "%s %q", f.mime, f.body)
		}
		var want bool
		if json.Unmarshal(raw, &want) == nil {
			assert.Equal(t, want, got, "%s %q", f.mime, f.body)
		}
	}
}

func TestTypesThatCannotMove(t *testing.T) {
	assert.False(t, IsAnimated(jpeg, []byte("\xff\xd8\xffANIM")))
	assert.False(t, IsAnimated(png, append([]byte("x"), pngFile("acTL", "fcTL", "IDAT", "fcTL", "fdAT")[1:]...)))
	assert.False(t, IsAnimated(png, pngFile("acTL", "fcTL", "IDAT", "fcTL")), "cut off")
}
