//go:build e2e

package image_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// makeImageSources returns a folder with every source: what the fixture's encoders have made (sources.mjs), and what is
// cut, broken and forged from it here.
func makeImageSources(t *testing.T) string {
	t.Helper()
	made := filepath.Join(harness.Repository(), "e2e", "fixtures", "images", ".next", "sources")
	require.DirExists(t, made, "the pictures are not made: `make test` builds the fixtures before it runs these tests")
	dir, err := os.MkdirTemp(harness.Scratch, "image-sources-")
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(dir, os.DirFS(made)))
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return content
	}
	for _, sources := range []map[string][]byte{damagedSources(read), animatedPNGs(), namedSources(read), signatureSources(read), svgSources()} {
		for name, content := range sources {
			require.NoFileExists(t, filepath.Join(dir, name))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		}
	}
	return dir
}

// damagedSources are pictures that cannot be decoded, or not wholly.
func damagedSources(read func(string) []byte) map[string][]byte {
	cut := func(name string) []byte { content := read(name); return content[:len(content)*6/10] }
	scrambled := bytes.Clone(read("exif-1.jpg"))
	for i := len(scrambled) / 2; i < len(scrambled)/2+400; i++ {
		scrambled[i] = byte(i * 7)
	}
	badSum := greyPNG(90)
	badSum[len(badSum)-14] ^= 0xff // the last byte of the sum of IDAT, before the 12 bytes of IEND
	return map[string][]byte{
		"truncated.jpg":  cut("exif-1.jpg"),
		"truncated.png":  cut("palette.png"),
		"truncated.gif":  cut("still.gif"),
		"truncated.webp": cut("lossless.webp"),
		"truncated.avif": cut("photo.avif"),
		"truncated.tiff": cut("photo.tiff"),
		"scrambled.jpg":  scrambled,
		"badsum.png":     badSum,
		"bomb.png":       pngOf(pngChunk("IHDR", []byte{0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40, 8, 0, 0, 0, 0}), pngChunk("IDAT", deflated(make([]byte, 4096)))),
		"nothing.png":    pngOf(pngChunk("IHDR", make([]byte, 13))),
		"head.jpg":       {0xff, 0xd8, 0xff},
		"half-head.jpg":  {0xff, 0xd8},
		"head.png":       []byte("\x89PNG\r\n\x1a\n"),
		"empty.jpg":      {},
		"byte.jpg":       {0xff},
		"tail.jpg":       append(bytes.Clone(read("small.jpg")), "something behind the end"...),
	}
}

// animatedPNGs are the forms of an APNG, of which Next.js takes some for a picture that stands still.
func animatedPNGs() map[string][]byte {
	head := pngChunk("IHDR", []byte{0, 0, 0, 96, 0, 0, 0, 64, 8, 0, 0, 0, 0})
	data := deflated(bytes.Repeat(append([]byte{0}, bytes.Repeat([]byte{90}, 96)...), 64))
	control := func(frames byte) []byte { return pngChunk("acTL", []byte{0, 0, 0, frames, 0, 0, 0, 0}) }
	frame := func(sequence byte) []byte {
		return pngChunk("fcTL", []byte{0, 0, 0, sequence, 0, 0, 0, 96, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0})
	}
	still, moving := pngChunk("IDAT", data), pngChunk("fdAT", append([]byte{0, 0, 0, 2}, data...))
	return map[string][]byte{
		"apng.png":        pngOf(head, control(2), frame(0), still, frame(1), moving),
		"apng-one.png":    pngOf(head, control(1), frame(0), still),
		"apng-hidden.png": pngOf(head, control(1), still, frame(0), moving),
		"apng-late.png":   pngOf(head, still, control(1), frame(0), moving),
		"apng-text.png":   pngOf(head, control(2), frame(0), pngChunk("tEXt", []byte("a\x00b")), still, frame(1), moving),
	}
}

// namedSources have names that a header must carry.
func namedSources(read func(string) []byte) map[string][]byte {
	picture := read("small.jpg")
	sources := map[string][]byte{"wrong.png": picture, "wrong.svg": picture, "wrong.txt": picture}
	for _, name := range []string{"space name.jpg", "café.jpg", "日本.jpg", "dotted.name.v1.jpg", "noextension", "100%.jpg", "a+b.jpg", "a&b.jpg", `quote".jpg`, "UPPER.JPG", "semi;colon.jpg", ".hidden.jpg", "(round).jpg", "apostrophe's.jpg"} {
		sources[name] = picture
	}
	return sources
}

// signatureSources begin like a type, and often are nothing more.
func signatureSources(read func(string) []byte) map[string][]byte {
	rest := strings.Repeat("\x00rest", 40)
	file := func(head string) []byte { return []byte(head + rest) }
	webp := bytes.Clone(read("alpha.webp"))
	webp = append(webp, "JUNK\x08\x00\x00\x00an ANIM "...)
	binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
	return map[string][]byte{
		"icon.ico":       file("\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00"),
		"icon.icns":      file("icns\x00\x00\x00\xd0"),
		"pointer.cur":    file("\x00\x00\x02\x00\x01\x00\x10\x10"),
		"drawing.bmp":    bitmap(40, 30),
		"big.bmp":        bitmap(200, 100),
		"code.jxl":       file("\xff\x0a"),
		"box.jxl":        file("\x00\x00\x00\x0cJXL \r\n\x87\n"),
		"picture.heic":   file("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		"picture.heix":   file("\x00\x00\x00\x18ftypheix\x00\x00\x00\x00mif1heix"),
		"picture.mif1":   file("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"),
		"sequence.msf1":  file("\x00\x00\x00\x18ftypmsf1\x00\x00\x00\x00msf1hevc"),
		"sequence.avis":  file("\x00\x00\x00\x18ftypavis\x00\x00\x00\x00avismsf1"),
		"forged.avif":    file("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1"),
		"zero-box.avif":  file("\x00\x00\x00\x00ftypavif\x00\x00\x00\x00avifmif1"),
		"large-box.avif": file("\x00\x01\x00\x00ftypavif\x00\x00\x00\x00avifmif1"),
		"film.mp4":       file("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41"),
		"forged.jp2":     file("\x00\x00\x00\x0cjP  \r\n\x87\n"),
		"code.j2k":       file("\xff\x4f\xff\x51"),
		"forged.gif":     file("GIF89a"),
		"wrong.gif":      file("GIF90z"),
		"forged.webp":    file("RIFF\xd0\x00\x00\x00WEBPVP8 "),
		"sound.wav":      file("RIFF\xd0\x00\x00\x00WAVEfmt "),
		"forged.tiff":    file("II*\x00\x08\x00\x00\x00"),
		"big.tiff":       file("II+\x00\x08\x00\x00\x00"),
		"intel.tiff":     tiffOf(binary.LittleEndian, "II*\x00"),
		"motorola.tiff":  tiffOf(binary.BigEndian, "MM\x00*"),
		"paper.pdf":      file("%PDF-1.7\n"),
		"page.html":      file("<!DOCTYPE html><html><body>no picture</body></html>"),
		"words.txt":      []byte("no picture"),
		"data.json":      []byte(`{"no":"picture"}`),
		"layers.psd":     file("8BPS\x00\x01"),
		"portable.ppm":   []byte("P6\n1 1\n255\nabc"),
		"surface.dds":    file("DDS |\x00\x00\x00"),
		"texture.ktx":    file("\xabKTX 11\xbb\r\n\x1a\n"),
		"program.elf":    file("\x7fELF\x02\x01\x01"),
		"shifted.jpg":    append([]byte("XX"), read("small.jpg")...),
		"text-anim.webp": webp,
	}
}

// svgSources are spellings of SVG, and what is taken for it.
func svgSources() map[string][]byte {
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="teal"/></svg>`
	texts := map[string]string{
		"drawing.svg":    drawing,
		"declared.svg":   `<?xml version="1.0"?>` + drawing,
		"marked.svg":     "\ufeff" + drawing,
		"blank.svg":      "\n \t" + drawing,
		"commented.svg":  "<!-- a drawing -->" + drawing,
		"doctype.svg":    `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">` + drawing,
		"upper.svg":      strings.ToUpper(drawing),
		"blank-upper.sv": " " + strings.ToUpper(drawing),
		"late.svg":       "<!--" + strings.Repeat("x", 1100) + "-->" + drawing,
		"nearly.svg":     "<!--" + strings.Repeat("x", 700) + "-->" + drawing,
		"prefixed.svg":   ` <s:svg xmlns:s="http://www.w3.org/2000/svg" width="40" height="30"/>`,
		"bare.svg":       ` <svg>` + "</svg>",
		"large.svg":      drawing + "<!--" + strings.Repeat("drawn ", 600) + "-->",
		"script.svg":     `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"feed.xml":       `<?xml version="1.0"?><rss version="2.0"/>`,
		"inline.html":    "<html><body>" + drawing + "</body></html>",
	}
	sources := make(map[string][]byte)
	for name, text := range texts {
		sources[name] = []byte(text)
	}
	return sources
}

// greyPNG returns a picture of one grey.
func greyPNG(grey uint8) []byte {
	picture := image.NewGray(image.Rect(0, 0, 96, 64))
	for i := range picture.Pix {
		picture.Pix[i] = color.Gray{Y: grey}.Y
	}
	var content bytes.Buffer
	_ = png.Encode(&content, picture)
	return content.Bytes()
}

func pngOf(chunks ...[]byte) []byte {
	content := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range append(chunks, pngChunk("IEND", nil)) {
		content = append(content, chunk...)
	}
	return content
}

func pngChunk(kind string, data []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, kind...), data...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

func deflated(data []byte) []byte {
	var content bytes.Buffer
	writer := zlib.NewWriter(&content)
	_, _ = writer.Write(data)
	_ = writer.Close()
	return content.Bytes()
}

// bitmap returns a BMP of 24 bits.
func bitmap(width, height int) []byte {
	row := (3*width + 3) &^ 3
	content := append([]byte("BM"), make([]byte, 52+row*height)...)
	for at, value := range map[int]int{2: len(content), 10: 54, 14: 40, 18: width, 22: height, 26: 1 | 24<<16, 34: row * height} {
		binary.LittleEndian.PutUint32(content[at:], uint32(value))
	}
	for i := 54; i < len(content); i++ {
		content[i] = byte(i % row)
	}
	return content
}

// tiffOf returns an uncompressed TIFF of 160x100 in the byte order.
func tiffOf(order binary.ByteOrder, magic string) []byte {
	const width, height = 160, 100
	entries := [][3]uint32{ // tag, type (3 short, 4 long), value
		{256, 4, width},
		{257, 4, height},
		{258, 3, 8},
		{259, 3, 1},
		{262, 3, 1},
		{273, 4, 8},
		{277, 3, 1},
		{278, 4, height},
		{279, 4, width * height},
	}
	content := append([]byte(magic), 0, 0, 0, 0)
	order.PutUint32(content[4:], 8+width*height)
	for i := range width * height {
		content = append(content, byte(i%width+i/width))
	}
	directory := make([]byte, 2+12*len(entries)+4)
	order.PutUint16(directory, uint16(len(entries)))
	for i, entry := range entries {
		at := directory[2+12*i:]
		order.PutUint16(at, uint16(entry[0]))
		order.PutUint16(at[2:], uint16(entry[1]))
		order.PutUint32(at[4:], 1)
		if entry[1] == 3 {
			order.PutUint16(at[8:], uint16(entry[2]))
		} else {
			order.PutUint32(at[8:], entry[2])
		}
	}
	return append(content, directory...)
}
