package imageopt

import (
	"bytes"
	"encoding/binary"
)

// IsAnimated reports whether a picture of this type moves, as Next.js's is-animated sees it: such pictures are never
// transformed. It reads the structure only, in one pass.
func IsAnimated(mime string, body []byte) bool {
	switch mime {
	case gif:
		return isAnimatedGIF(body)
	case png:
		return bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")) && isAnimatedPNG(body)
	case webp:
		return bytes.Contains(body, []byte("ANIM"))
	default:
		return false
	}
}

// byteAt is 0 behind the end.
func byteAt(body []byte, at int) int {
	if at < len(body) {
		return int(body[at])
	}
	return 0
}

// colorTable is the size in bytes of the table that flags announce.
func colorTable(flags int) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// isAnimatedGIF looks for a second image descriptor.
func isAnimatedGIF(body []byte) bool {
	const (
		imageDescriptor = 0x2c
		extension       = 0x21
	)
	images := 0
	for at := 13 + colorTable(byteAt(body, 10)); at < len(body); {
		switch body[at] {
		case imageDescriptor:
			if images++; images == 2 {
				return true
			}
			at += 10 + colorTable(byteAt(body, at+9))
			at = skipDataBlocks(body, at+1) // after the code size of LZW
		case extension:
			at = skipDataBlocks(body, at+2)
		default:
			return false
		}
	}
	return false
}

// skipDataBlocks returns the place behind blocks that begin with their length, the last one of which is empty.
func skipDataBlocks(body []byte, at int) int {
	for byteAt(body, at) != 0 {
		at += int(body[at]) + 1
	}
	return at + 1
}

// isAnimatedPNG looks for a first frame that is the picture itself, and a second one. A picture with one frame is not
// animated.
func isAnimatedPNG(body []byte) bool {
	var control, first, second bool
	previous := ""
	for at := int64(8); at+8 <= int64(len(body)); {
		length := int64(binary.BigEndian.Uint32(body[at:]))
		chunk := string(body[at+4 : at+8])
		switch chunk {
		case "acTL":
			control = true
		case "IDAT":
			if !control || previous != "fcTL" && previous != "IDAT" {
				return false
			}
			first = true
		case "fdAT":
			if !first || previous != "fcTL" && previous != "fdAT" {
				return false
			}
			second = true
		}
		previous = chunk
		at += 12 + length
	}
	return control && first && second
}
