package eventcoding

import (
	"encoding/binary"
	"math/bits"

	"github.com/andybalholm/brotli/matchfinder"
)

// The codes of lengths and distances that have bits of their own (RFC 1951, 3.2.5).
var (
	deflateLengths = lengthCodes{
		[]int{11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258},
		[]uint8{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0},
	}
	deflateDistances = lengthCodes{
		[]int{
			5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
			12289, 16385, 24577,
		},
		[]uint8{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13},
	}
)

const (
	endOfBlock = 256
	// longestMatch is the longest match that there is a code for (bytes), shortestMatch the shortest.
	longestMatch, shortestMatch = 258, 3
)

// appendFixedBlock appends a block of DEFLATE with the codes that every decoder knows, and the empty one that ends it
// with a byte. One that does not become smaller is stored.
func appendFixedBlock(dst, block []byte, matches []matchfinder.Match) []byte {
	w := bitWriter{out: dst}
	w.add(1<<1, 3) // not the last one, known codes
	at := 0
	for _, m := range matches {
		for _, literal := range block[at : at+m.Unmatched] {
			w.addSymbol(int(literal))
		}
		at += m.Unmatched + m.Length
		for rest := m.Length; rest > 0; {
			length := min(rest, longestMatch)
			if left := rest - length; left > 0 && left < shortestMatch {
				length -= shortestMatch
			}
			rest -= length
			code, extra, width := deflateLengths.find(length, shortestMatch, 8)
			w.addSymbol(endOfBlock + 1 + code)
			w.add(extra, width)
			code, extra, width = deflateDistances.find(m.Distance, 1, 4)
			w.add(uint64(bits.Reverse8(uint8(code))>>3), 5) //nolint:gosec // at most 29
			w.add(extra, width)
		}
	}
	w.addSymbol(endOfBlock)
	w.add(0, 3) // not the last one, stored
	if out := w.align(); len(out)-len(dst) <= len(block) {
		return append(out, 0, 0, 0xff, 0xff)
	}
	// Some decoders hand out what they have at an empty block only.
	return appendStoredBlock(appendStoredBlock(dst, block), nil)
}

func appendStoredBlock(dst, block []byte) []byte {
	size := uint16(len(block)) //nolint:gosec // at most maxBlock
	dst = binary.LittleEndian.AppendUint16(append(dst, 0), size)
	return append(binary.LittleEndian.AppendUint16(dst, ^size), block...)
}

// addSymbol adds the known code of a literal or a length (RFC 1951, 3.2.6), which begins with its highest bit.
func (w *bitWriter) addSymbol(symbol int) {
	code, width := 0, uint8(8)
	switch {
	case symbol < 144:
		code = 0x30 + symbol
	case symbol < 256:
		code, width = 0x190+symbol-144, 9
	case symbol < 280:
		code, width = symbol-256, 7
	default:
		code = 0xc0 + symbol - 280
	}
	w.add(uint64(bits.Reverse16(uint16(code))>>(16-width)), width) //nolint:gosec // at most 9 bits
}
