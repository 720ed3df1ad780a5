package imageopt

import (
	"bytes"
	"encoding/binary"
	"regexp"
)

// signature is how the bytes of a type begin. Zero bytes of a pattern with any are not compared.
type signature struct {
	mime    string
	pattern string
	any     bool
	brand   bool // the major brand of an ISO base media file instead
}

// signatures are asked in this order (detectContentType of next/dist/server/image-optimizer/detect-content-type.js).
var signatures = []signature{
	{mime: jpeg, pattern: "\xff\xd8\xff"},
	{mime: png, pattern: "\x89PNG\r\n\x1a\n"},
	{mime: gif, pattern: "GIF8"},
	{mime: webp, pattern: "RIFF\x00\x00\x00\x00WEBP", any: true},
	{mime: svg, pattern: "<?xml"},
	{mime: svg, pattern: "<svg"},
	{mime: avif, pattern: "avif", brand: true},
	{mime: ico, pattern: "\x00\x00\x01\x00"},
	{mime: icns, pattern: "icns"},
	{mime: tiff, pattern: "II*\x00"},
	{mime: bmp, pattern: "BM"},
	{mime: jxl, pattern: "\xff\x0a"},
	{mime: jxl, pattern: "\x00\x00\x00\x0cJXL \r\n\x87\n"},
	{mime: heic, pattern: "heic", brand: true},
	{mime: "", pattern: "%PDF-"},
	{mime: jp2, pattern: "\x00\x00\x00\x0cjP  \r\n\x87\n"},
}

// Sniff tells by its bytes what a picture is, as Next.js 15 and 16 do: "image/jpeg" and the like, "" for what is none.
// What a server says of the type, and how the file is called, has no say.
func Sniff(body []byte) string {
	for _, s := range signatures {
		if s.matches(body) {
			return s.mime
		}
	}
	return sniffHead(body[:min(len(body), 1024)])
}

func (s signature) matches(body []byte) bool {
	if s.brand {
		// The size of the box is looked at, so that a text with the brand in it is not taken for a picture.
		if len(body) < 12 {
			return false
		}
		size := binary.BigEndian.Uint32(body)
		return size >= 16 && uint64(size) <= uint64(len(body)) && string(body[4:8]) == "ftyp" && string(body[8:12]) == s.pattern
	}
	if len(body) < len(s.pattern) {
		return false
	}
	for i := range len(s.pattern) {
		if s.pattern[i] != body[i] && (!s.any || s.pattern[i] != 0) {
			return false
		}
	}
	return true
}

// sniffHead is the second look, that of the library image-size, with what is left for it to find. It asks by the first
// byte first, then for every type in alphabetical order; types that Next.js has no use for end the search too.
func sniffHead(head []byte) string {
	switch {
	case hasAt(head, 0, "8BPS"):
		return "" // PSD
	case hasAt(head, 0, "MM\x00*"):
		return tiff
	case hasAt(head, 0, "\xff\xd8"):
		return jpeg
	case hasAt(head, 0, "\x00\x00\x02\x00") && !hasAt(head, 4, "\x00\x00"), hasAt(head, 0, "DDS "), isHEIF(head), hasAt(head, 0, "\xff\x4f\xff\x51"):
		return "" // CUR, DDS, a brand of HEIF, a stream of JPEG 2000
	case hasAt(head, 4, "jP  ") && brandOf(head) == "jp2 ":
		return jp2
	case hasAt(head, 4, "JXL ") && brandOf(head) == "jxl ":
		return jxl
	case hasAt(head, 1, "KTX 11"), hasAt(head, 1, "KTX 20"):
		return ""
	case hasAt(head, 1, "PNG\r\n\x1a\n"):
		if hasAt(head, 12, "IHDR") || hasAt(head, 12, "CgBI") && hasAt(head, 28, "IHDR") {
			return png
		}
		return "" // Next.js fails with a 500 here
	case len(head) >= 2 && head[0] == 'P' && (head[1] >= '1' && head[1] <= '7' || head[1] == 'F'):
		return "" // PNM
	case svgTag.Match(head[:min(len(head), 1000)]):
		return svg
	default:
		return ""
	}
}

// svgTag is /<svg\s([^>"']|"[^"]*"|'[^']*')*>/ with white space as in JavaScript.
var svgTag = regexp.MustCompile(`<svg[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}](?:[^>"']|"[^"]*"|'[^']*')*>`)

func hasAt(head []byte, at int, text string) bool {
	return len(head) >= at && bytes.HasPrefix(head[at:], []byte(text))
}

// isHEIF reports whether the file begins with a whole ftyp box of a brand of HEIF.
func isHEIF(head []byte) bool {
	if !hasAt(head, 4, "ftyp") || len(head) < 12 || uint64(binary.BigEndian.Uint32(head)) > uint64(len(head)) {
		return false
	}
	switch string(head[8:12]) {
	case "avif", "mif1", "msf1", "heic", "heix", "hevc", "hevx":
		return true
	default:
		return false
	}
}

// brandOf is the major brand in the first ftyp box, found by walking over whole boxes.
func brandOf(head []byte) string {
	for at := 0; len(head)-at >= 12; {
		size := int64(binary.BigEndian.Uint32(head[at:]))
		if int64(len(head)-at) < size {
			return ""
		}
		if string(head[at+4:at+8]) == "ftyp" {
			return string(head[at+8 : at+12])
		}
		if size == 0 {
			size = 8
		}
		at += int(size)
	}
	return ""
}

// Media types of pictures (next/dist/server/image-optimizer/image-type.js).
const (
	avif = "image/avif"
	webp = "image/webp"
	png  = "image/png"
	jpeg = "image/jpeg"
	jxl  = "image/jxl"
	jp2  = "image/jp2"
	heic = "image/heic"
	gif  = "image/gif"
	svg  = "image/svg+xml"
	ico  = "image/x-icon"
	icns = "image/x-icns"
	tiff = "image/tiff"
	bmp  = "image/bmp"
)

// pictureType is what is done with a type.
type pictureType struct {
	extension string
	// passes says that the picture is never decoded.
	passes bool
	// old says that every client shows the type: it needs no Accept.
	old bool
}

var pictureTypes = map[string]pictureType{
	avif: {extension: "avif"},
	webp: {extension: "webp"},
	png:  {extension: "png", old: true},
	jpeg: {extension: "jpeg", old: true},
	gif:  {extension: "gif", old: true},
	tiff: {extension: "tiff", old: true},
	jp2:  {extension: "jp2", old: true},
	svg:  {extension: "svg", passes: true},
	ico:  {extension: "ico", passes: true},
	icns: {extension: "icns", passes: true},
	bmp:  {extension: "bmp", passes: true},
	jxl:  {extension: "jxl", passes: true},
	heic: {extension: "heic", passes: true},
}

// PassesThrough reports whether a picture of this type is answered as it came, whatever width and quality were asked
// for.
func PassesThrough(mime string, animated bool) bool {
	return animated || pictureTypes[mime].passes
}

// OutputType is the type that a picture is made into. format is what the client prefers, or "".
func OutputType(source, format string) string {
	if format != "" {
		return format
	}
	if pictureTypes[source].old {
		return source
	}
	return jpeg
}

// CheckType refuses a source that is no picture, and SVG where the zone does not allow it. mime is what Sniff found.
func (s *Settings) CheckType(mime string) *Refusal {
	switch {
	case mime == "":
		return &Refusal{400, "The requested resource isn't a valid image."}
	case mime == svg && !s.DangerouslyAllowSVG:
		return &Refusal{400, `"url" parameter is valid but image type is not allowed`}
	default:
		return nil
	}
}
