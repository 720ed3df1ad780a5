package eventcoding

import "encoding/binary"

// bitWriter writes bits from the least one of each byte on.
type bitWriter struct {
	out   []byte
	bits  uint64
	count uint8
}

// add adds the lowest bits of a value, at most 32.
func (w *bitWriter) add(value uint64, width uint8) {
	w.bits |= value & (1<<width - 1) << w.count
	w.count += width
	if w.count >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.bits)) //nolint:gosec // the lower half
		w.bits >>= 32
		w.count -= 32
	}
}

// align adds zeros up to the next byte, and returns all bytes.
func (w *bitWriter) align() []byte {
	for ; w.count > 0; w.count -= min(w.count, 8) {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
	return w.out
}

// lengthCodes are the codes of lengths that have bits of their own: the least length of each, and how many bits follow.
type lengthCodes struct {
	bases []int
	bits  []uint8
}

// find returns the code of a length, and the bits that go with it. first is the first code that has such bits.
func (c *lengthCodes) find(length, least, first int) (code int, extra uint64, width uint8) {
	if length < c.bases[0] {
		return length - least, 0, 0
	}
	i := len(c.bases) - 1
	for c.bases[i] > length {
		i--
	}
	return first + i, uint64(length - c.bases[i]), c.bits[i] //nolint:gosec // positive
}
