package eventcoding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

// gzipHeader is that of RFC 1952 without a name and a time.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// gzipFormat is gzip. flate.StatelessDeflate makes the blocks of large events. It takes a copy of the history and a
// stack of 32 KiB each time, which all open streams would have: small events are encoded here.
type gzipFormat struct {
	begun bool
	sum   uint32
	size  uint32
}

// smallEvent is the largest block that has the codes that every decoder knows (bytes): in a larger one, codes of its
// own are worth what it takes to say them.
const smallEvent = 1 << 10

func (g *gzipFormat) reset() { *g = gzipFormat{} }

func (g *gzipFormat) block(dst, text []byte, start int, f *finder, s *scratch) ([]byte, error) {
	dst = g.begin(dst)
	block := text[start:]
	g.sum = crc32.Update(g.sum, crc32.IEEETable, block)
	g.size += uint32(len(block)) //nolint:gosec // RFC 1952: modulo 2^32
	s.matches = f.find(s.matches[:0], text, start)
	if len(block) < smallEvent {
		return appendFixedBlock(dst, block, s.matches), nil
	}
	out := bytes.NewBuffer(dst)
	if err := flate.StatelessDeflate(out, block, false, text[:start]); err != nil {
		return nil, fmt.Errorf("compressing an event: %w", err)
	}
	return out.Bytes(), nil
}

func (g *gzipFormat) end(dst []byte) ([]byte, error) {
	dst = append(g.begin(dst), 1, 0, 0, 0xff, 0xff) // the last block: stored, empty
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(dst, g.sum), g.size), nil
}

func (g *gzipFormat) begin(dst []byte) []byte {
	if g.begun {
		return dst
	}
	g.begun = true
	return append(dst, gzipHeader...)
}
