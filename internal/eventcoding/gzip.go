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

// gzipFormat is gzip by flate.StatelessDeflate, which takes up to 8 KiB of what came before.
type gzipFormat struct {
	begun bool
	sum   uint32
	size  uint32
}

func (g *gzipFormat) reset() { *g = gzipFormat{} }

func (g *gzipFormat) block(dst, text []byte, start int, _ *finder, _ *scratch) ([]byte, error) {
	block := text[start:]
	g.sum = crc32.Update(g.sum, crc32.IEEETable, block)
	g.size += uint32(len(block)) //nolint:gosec // RFC 1952: modulo 2^32
	out := bytes.NewBuffer(g.begin(dst))
	if err := flate.StatelessDeflate(out, block, false, text[:start]); err != nil {
		return nil, fmt.Errorf("compressing an event: %w", err)
	}
	return out.Bytes(), nil
}

func (g *gzipFormat) end(dst []byte) ([]byte, error) {
	out := bytes.NewBuffer(g.begin(dst))
	if err := flate.StatelessDeflate(out, nil, true, nil); err != nil {
		return nil, fmt.Errorf("ending a compressed event stream: %w", err)
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(out.Bytes(), g.sum), g.size), nil
}

func (g *gzipFormat) begin(dst []byte) []byte {
	if g.begun {
		return dst
	}
	g.begun = true
	return append(dst, gzipHeader...)
}
