package vips

import "encoding/binary"

// Flags of a VP8X chunk (https://developers.google.com/speed/webp/docs/riff_container).
const (
	webpProfile  = 1 << 5
	webpAlpha    = 1 << 4
	webpEXIF     = 1 << 3
	webpXMP      = 1 << 2
	webpAnimated = 1 << 1
)

// bareWebP drops EXIF, XMP and profile of a WebP: libvips 8.14 writes an EXIF block of its own, whatever it is told. A
// picture without alpha then needs no extended header either. What is not a WebP as an encoder writes it comes back as
// it is.
func bareWebP(made []byte) []byte {
	const head, chunkHead = 12, 8
	if len(made) < head || string(made[:4]) != "RIFF" || string(made[8:head]) != "WEBP" {
		return made
	}
	bare := append(make([]byte, 0, len(made)), made[:head]...)
	flags := -1 // where the flags of the extended header are in bare
	for rest := made[head:]; len(rest) > 0; {
		if len(rest) < chunkHead {
			return made
		}
		name := string(rest[:4])
		length := uint64(binary.LittleEndian.Uint32(rest[4:chunkHead]))
		length += chunkHead + length&1
		if length > uint64(len(rest)) {
			return made
		}
		chunk := rest[:length]
		rest = rest[length:]
		switch name {
		case "EXIF", "XMP ", "ICCP":
			continue
		case "VP8X":
			if length == chunkHead {
				return made
			}
			if chunk[chunkHead]&(webpAlpha|webpAnimated) == 0 {
				continue
			}
			flags = len(bare) + chunkHead
		}
		bare = append(bare, chunk...)
	}
	if flags >= 0 {
		bare[flags] &^= webpProfile | webpEXIF | webpXMP
	}
	binary.LittleEndian.PutUint32(bare[4:8], uint32(len(bare)-8)) //nolint:gosec // no longer than made, whose size a RIFF header holds
	return bare
}
