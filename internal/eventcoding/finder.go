package eventcoding

import (
	"encoding/binary"
	"math/bits"

	"github.com/andybalholm/brotli/matchfinder"
)

const (
	tableBits = 13
	// leastMatch is the shortest repetition that is looked for (bytes).
	leastMatch = 4
)

// finder finds repetitions. It knows one place for each hash of four bytes, by its offset plus one: a text of maxText
// fits into 16 bits.
type finder struct{ table [1 << tableBits]uint16 }

func (f *finder) reset() { f.table = [1 << tableBits]uint16{} }

// slide follows a text whose first bytes were let go.
func (f *finder) slide(by int) {
	for i, at := range f.table {
		f.table[i] = uint16(max(int(at)-by, 0)) //nolint:gosec // less than before
	}
}

// find appends the repetitions in text[start:] to dst. The last one may have no length: the text ends in new bytes.
func (f *finder) find(dst []matchfinder.Match, text []byte, start int) []matchfinder.Match {
	at, next := start, start // next is where the bytes begin that no match has covered
	for at+leastMatch <= len(text) {
		four := binary.LittleEndian.Uint32(text[at:])
		slot := f.slot(four)
		before := int(*slot) - 1
		*slot = uint16(at + 1) //nolint:gosec // at most maxText
		if before < 0 || binary.LittleEndian.Uint32(text[before:]) != four {
			at += 1 + (at-next)>>6 // what has no repetitions is passed over faster and faster
			continue
		}
		end := at + leastMatch + commonPrefix(text[before+leastMatch:], text[at+leastMatch:])
		for at > next && before > 0 && text[at-1] == text[before-1] {
			at, before = at-1, before-1
		}
		dst = append(dst, matchfinder.Match{Unmatched: at - next, Length: end - at, Distance: at - before})
		for i := at + 1; i < end && i+leastMatch <= len(text); i += 2 {
			*f.slot(binary.LittleEndian.Uint32(text[i:])) = uint16(i + 1) //nolint:gosec // at most maxText
		}
		at, next = end, end
	}
	if next < len(text) {
		dst = append(dst, matchfinder.Match{Unmatched: len(text) - next})
	}
	return dst
}

func (f *finder) slot(four uint32) *uint16 { return &f.table[four*2654435761>>(32-tableBits)] }

// commonPrefix is the length of what two texts begin with. b is the shorter one: it is the end of a.
func commonPrefix(a, b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if differ := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
