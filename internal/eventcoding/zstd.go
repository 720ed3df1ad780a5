package eventcoding

import (
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
)

// zstdFormat is one frame of Zstandard (RFC 8878). No known encoder of the format can be had for an open stream in
// less than 400 KiB. This one leaves out what is worth little in small blocks: tables for the lengths and distances
// of a block, repeated distances, and checksums. A block depends on others by its distances only.
type zstdFormat struct{ begun bool }

func (z *zstdFormat) reset() { z.begun = false }

// zstdHeader begins a frame: magic number, no size, no checksum, a window of maxText (2^(10+5)).
var zstdHeader = []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 5 << 3}

// Types of blocks.
const (
	rawBlock        = 0
	compressedBlock = 2
)

func (z *zstdFormat) begin(dst []byte) []byte {
	if z.begun {
		return dst
	}
	z.begun = true
	return append(dst, zstdHeader...)
}

func (z *zstdFormat) end(dst []byte) ([]byte, error) {
	return appendBlockHeader(z.begin(dst), 0, rawBlock, true), nil
}

func (z *zstdFormat) block(dst, text []byte, start int, f *finder, s *scratch) ([]byte, error) {
	dst = z.begin(dst)
	block := text[start:]
	s.matches = f.find(s.matches[:0], text, start)
	s.literals = s.literals[:0]
	at := 0
	for _, m := range s.matches {
		s.literals = append(s.literals, block[at:at+m.Unmatched]...)
		at += m.Unmatched + m.Length
	}
	begin := len(dst)
	dst = appendBlockHeader(dst, 0, compressedBlock, false)
	dst = appendSequences(appendLiterals(dst, s.literals, &s.huffman), s.matches)
	if size := len(dst) - begin - blockHeader; size < len(block) {
		appendBlockHeader(dst[:begin], size, compressedBlock, false)
		return dst, nil
	}
	return append(appendBlockHeader(dst[:begin], len(block), rawBlock, false), block...), nil
}

// blockHeader is the size of a block's header (bytes).
const blockHeader = 3

func appendBlockHeader(dst []byte, size, kind int, last bool) []byte {
	header := size<<3 | kind<<1
	if last {
		header |= 1
	}
	return append(dst, byte(header), byte(header>>8), byte(header>>16))
}

// leastHuffman is how many literals are worth a table of their own.
const leastHuffman = 48

// appendLiterals appends the section of a block that has the bytes that no match covers (RFC 8878, 3.1.1.3.1).
func appendLiterals(dst, literals []byte, huffman *huff0.Scratch) []byte {
	const huffmanCoded, streams4 = 2, 2
	size := len(literals)
	if size >= leastHuffman {
		// The header has 10 bits for each size with one stream, 14 with four.
		if size < 1<<10 {
			if coded, _, err := huff0.Compress1X(literals, huffman); err == nil && len(coded) < size {
				header := huffmanCoded | size<<4 | len(coded)<<14
				return append(append(dst, byte(header), byte(header>>8), byte(header>>16)), coded...)
			}
		} else if coded, _, err := huff0.Compress4X(literals, huffman); err == nil && len(coded) < size {
			header := huffmanCoded | streams4<<2 | size<<4 | len(coded)<<18
			return append(binary.LittleEndian.AppendUint32(dst, uint32(header)), coded...) //nolint:gosec // 32 bits
		}
	}
	switch {
	case size < 1<<5:
		dst = append(dst, byte(size<<3))
	case size < 1<<12:
		dst = append(dst, byte(1<<2|size<<4), byte(size>>4))
	default:
		dst = append(dst, byte(3<<2|size<<4), byte(size>>4), byte(size>>12))
	}
	return append(dst, literals...)
}
