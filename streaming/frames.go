package streaming

import "encoding/binary"

// frames follows the WebSocket frames (RFC 6455, 5.2) that pass by, to know where one ends and another may be put in.
type frames struct {
	header  [14]byte
	have    int    // bytes of the header seen
	payload uint64 // bytes of the payload to come
}

// betweenFrames reports whether all that has passed is whole frames.
func (f *frames) betweenFrames() bool { return f.have == 0 && f.payload == 0 }

// pass notes bytes as they go by.
func (f *frames) pass(p []byte) {
	for len(p) > 0 {
		if f.payload > 0 {
			skip := min(uint64(len(p)), f.payload)
			f.payload -= skip
			p = p[skip:]
			continue
		}
		f.header[f.have] = p[0]
		f.have++
		p = p[1:]
		if f.have >= 2 && f.have == f.headerLength() {
			f.payload = f.payloadLength()
			f.have = 0
		}
	}
}

func (f *frames) headerLength() int {
	length := 2
	switch f.header[1] & 0x7f {
	case 126:
		length += 2
	case 127:
		length += 8
	}
	if f.header[1]&0x80 != 0 {
		length += 4
	}
	return length
}

func (f *frames) payloadLength() uint64 {
	switch length := f.header[1] & 0x7f; length {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(length)
	}
}

// goingAway returns an unmasked close frame with code 1001, "going away" (RFC 6455, 7.4.1): the client may connect
// again.
func goingAway() []byte {
	return []byte{0x88, 2, 1001 >> 8, 1001 & 0xff}
}
