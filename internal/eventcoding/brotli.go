package eventcoding

import (
	"math/bits"

	"github.com/andybalholm/brotli"
)

// brotliFormat is Brotli by brotli.Encoder, which encodes blocks and has no way to flush one but to end the stream.
type brotliFormat struct {
	encoder brotli.Encoder
	begun   bool
}

func (b *brotliFormat) reset() {
	b.encoder.Reset()
	b.begun = false
}

func (b *brotliFormat) block(dst, text []byte, start int, f *finder, s *scratch) ([]byte, error) {
	s.matches = f.find(s.matches[:0], text, start)
	return continued(b.encoded(dst, text[start:], s)), nil
}

func (b *brotliFormat) end(dst []byte) ([]byte, error) { return b.encoded(dst, nil, nil), nil }

// encoded appends a block and the end of the stream.
func (b *brotliFormat) encoded(dst, block []byte, s *scratch) []byte {
	begin := len(dst)
	if s == nil {
		dst = b.encoder.Encode(dst, nil, nil, true)
	} else {
		dst = b.encoder.Encode(dst, block, s.matches, true)
	}
	if !b.begun {
		// The encoder says that the window has 16 MiB. A client need not keep that: the 4 bits for 256 KiB are the
		// least that are as long (RFC 7932, 9.1).
		b.begun = true
		dst[begin] = dst[begin]&^0xf | 3
	}
	return dst
}

// continued makes the end of a stream an empty block of metadata, which ends with a byte too (RFC 7932, 9.2): the bits
// 11, with nothing but zeros behind them, become 011000.
func continued(stream []byte) []byte {
	second := 8*(len(stream)-1) + bits.Len8(stream[len(stream)-1]) - 1
	for 8*len(stream) < second+5 {
		stream = append(stream, 0)
	}
	stream[(second-1)/8] &^= 1 << ((second - 1) % 8)
	stream[(second+1)/8] |= 1 << ((second + 1) % 8)
	return stream
}
