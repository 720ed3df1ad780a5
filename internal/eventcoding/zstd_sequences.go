package eventcoding

import (
	"math/bits"

	"github.com/andybalholm/brotli/matchfinder"
)

// The distributions of codes that every decoder knows (RFC 8878, 3.1.1.3.2.2).
var (
	literalTable = newFSETable(6, []int16{
		4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
	})
	matchTable = newFSETable(6, []int16{
		1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
	})
	distanceTable = newFSETable(5, []int16{
		1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
	})
)

// The codes of literal lengths and match lengths (RFC 8878, 3.1.1.3.2.1.1).
var (
	literalCodes = lengthCodes{
		[]int{16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192},
		[]uint8{1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13},
	}
	matchCodes = lengthCodes{
		[]int{35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195},
		[]uint8{1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13},
	}
)

// appendSequences appends the section of a block that has its matches (RFC 8878, 3.1.1.3.2). A match without a length
// is none: the literals behind the last one need not be mentioned.
func appendSequences(dst []byte, matches []matchfinder.Match) []byte {
	if last := len(matches) - 1; last >= 0 && matches[last].Length == 0 {
		matches = matches[:last]
	}
	switch count := len(matches); {
	case count == 0:
		return append(dst, 0)
	case count < 128:
		dst = append(dst, byte(count))
	default: // there are at most maxBlock/leastMatch
		dst = append(dst, byte(count>>8+128), byte(count))
	}
	w := bitWriter{out: append(dst, 0)} // all three tables are the known ones
	// A decoder begins at the end.
	var literals, lengths, distances fseState
	for i := len(matches) - 1; i >= 0; i-- {
		m := matches[i]
		literal, literalExtra, literalWidth := literalCodes.find(m.Unmatched, 0, 16)
		length, lengthExtra, lengthWidth := matchCodes.find(m.Length, 3, 32)
		// The first three values stand for repeated distances.
		value := uint64(m.Distance + 3) //nolint:gosec // positive
		distance := bits.Len64(value) - 1
		if i == len(matches)-1 {
			lengths.begin(matchTable, length)
			distances.begin(distanceTable, distance)
			literals.begin(literalTable, literal)
		} else {
			distances.next(&w, distanceTable, distance)
			lengths.next(&w, matchTable, length)
			literals.next(&w, literalTable, literal)
		}
		w.add(literalExtra, literalWidth)
		w.add(lengthExtra, lengthWidth)
		w.add(value&(1<<distance-1), uint8(distance)) //nolint:gosec // at most 15
	}
	w.add(uint64(lengths), matchTable.log)
	w.add(uint64(distances), distanceTable.log)
	w.add(uint64(literals), literalTable.log)
	w.add(1, 1) // where the bits end
	return w.align()
}

// fseTable encodes the codes of one distribution (RFC 8878, 4.1), as FSE_buildCTable of the reference does.
type fseTable struct {
	log     uint8
	states  []uint16
	symbols []fseSymbol
}

type fseSymbol struct{ deltaBits, deltaState int32 }

func newFSETable(log uint8, counts []int16) *fseTable {
	size := 1 << log
	t := &fseTable{log: log, states: make([]uint16, size), symbols: make([]fseSymbol, len(counts))}
	symbolAt := spreadSymbols(size, counts)
	first := 0
	for symbol, count := range counts {
		next := first
		for at := range size {
			if symbolAt[at] == symbol {
				t.states[next] = uint16(size + at) //nolint:gosec // at most 128
				next++
			}
		}
		width := int32(log)
		if count > 1 {
			width -= int32(bits.Len16(uint16(count-1))) - 1 //nolint:gosec // positive
		}
		places := int32(next - first)                                                   //nolint:gosec // at most 64
		t.symbols[symbol] = fseSymbol{width<<16 - places<<width, int32(first) - places} //nolint:gosec // small
		first = next
	}
	return t
}

// spreadSymbols returns the symbol of each state. Symbols with the count -1 have one state each, from the last one
// down.
func spreadSymbols(size int, counts []int16) []int {
	symbolAt, last := make([]int, size), size-1
	for symbol, count := range counts {
		if count == -1 {
			symbolAt[last] = symbol
			last--
		}
	}
	at, step := 0, size>>1+size>>3+3
	for symbol, count := range counts {
		for range count { // none for -1
			symbolAt[at] = symbol
			for at = (at + step) & (size - 1); at > last; {
				at = (at + step) & (size - 1)
			}
		}
	}
	return symbolAt
}

// fseState is the state of an encoder of codes.
type fseState uint32

// begin starts with the code that is decoded last.
func (s *fseState) begin(t *fseTable, code int) {
	symbol := t.symbols[code]
	width := (symbol.deltaBits + 1<<15) >> 16
	*s = fseState(t.states[(width<<16-symbol.deltaBits)>>width+symbol.deltaState])
}

// next adds a code.
func (s *fseState) next(w *bitWriter, t *fseTable, code int) {
	symbol := t.symbols[code]
	width := (int32(*s) + symbol.deltaBits) >> 16               //nolint:gosec // at most 128
	w.add(uint64(*s), uint8(width))                             //nolint:gosec // at most 6
	*s = fseState(t.states[int32(*s)>>width+symbol.deltaState]) //nolint:gosec // at most 128
}
