package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// largeHeads are requests over HTTP/2 that stay open, with as many header fields as a server takes.
type largeHeads struct {
	indexed bool // HPACK has the fields in its table after the first request: a byte or two for each on the wire
	bytes   int  // as HTTP/2 counts them: 32 are added to each field
	fields  int  // at most
}

// fill writes the fields of a head with enc.
func (h largeHeads) fill(enc *hpack.Encoder, authority string) error {
	head := []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: authority},
		{Name: ":path", Value: "/"},
	}
	const names = 110 // fit into the table, of 4096 bytes
	for i, size := 0, 256; i < h.fields; i++ {
		field := hpack.HeaderField{Name: "x" + strconv.Itoa(i%names)}
		if !h.indexed {
			field = hpack.HeaderField{Name: "x" + strconv.Itoa(i), Value: strconv.Itoa(i * 7919), Sensitive: true}
		}
		if size += int(field.Size()); size > h.bytes {
			break
		}
		head = append(head, field)
	}
	for _, field := range head {
		if err := enc.WriteField(field); err != nil {
			return fmt.Errorf("encoding a head: %w", err)
		}
	}
	return nil
}

// open makes a connection with that many requests of these heads. It takes no byte of a body, so that answers do not
// end, and calls answered for each head of an answer, until the connection is closed.
func (h largeHeads) open(address string, requests int, answered func()) (io.Closer, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	framer := http2.NewFramer(conn, conn)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return conn, fmt.Errorf("beginning a connection: %w", err)
	}
	if err := framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		return conn, fmt.Errorf("beginning a connection: %w", err)
	}
	go func() {
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if _, is := frame.(*http2.HeadersFrame); is {
				answered()
			}
		}
	}()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for i := range requests {
		block.Reset()
		if err := h.fill(enc, address); err != nil {
			return conn, err
		}
		if err := writeHead(framer, uint32(2*i+1), block.Bytes()); err != nil {
			return conn, fmt.Errorf("sending a head: %w", err)
		}
	}
	return conn, nil
}

// writeHead writes a request without a body in frames of the usual size.
func writeHead(framer *http2.Framer, stream uint32, block []byte) error {
	const frame = 16 << 10
	part := block[:min(len(block), frame)]
	rest := block[len(part):]
	head := http2.HeadersFrameParam{StreamID: stream, BlockFragment: part, EndStream: true, EndHeaders: len(rest) == 0}
	if err := framer.WriteHeaders(head); err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	for len(rest) > 0 {
		part, rest = rest[:min(len(rest), frame)], rest[min(len(rest), frame):]
		if err := framer.WriteContinuation(stream, len(rest) == 0, part); err != nil {
			return err //nolint:wrapcheck // the caller does
		}
	}
	return nil
}
