package resolve

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// Parts of the head of a message (RFC 1035, 4.1.1).
const (
	flagsAt, truncated = 2, 0x02
	codeAt, codeMask   = 3, 0x0f
	serverFailure      = 2
	nameError          = 3
)

// connect makes a connection to a name server for one message and its answer. It ends after try, or when ctx does.
func connect(ctx context.Context, network, address string, try time.Duration) (net.Conn, error) {
	ends := time.Now().Add(try)
	dialer := net.Dialer{Deadline: ends}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(ends); err != nil {
		_ = conn.Close()
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if udp, ok := conn.(*net.UDPConn); ok {
		return &packets{UDPConn: udp, stop: stop}, nil
	}
	return &stream{Conn: conn, stop: stop}, nil
}

// packets is a connection over UDP. That it is a net.PacketConn, too, tells Go's resolver how messages are framed.
type packets struct {
	*net.UDPConn
	stop func() bool
}

// Read reads one message. One that is cut stays so, as it is asked for again over TCP.
func (p *packets) Read(b []byte) (int, error) {
	n, err := p.UDPConn.Read(b)
	plainCode(b[:n])
	return n, err
}

// SetDeadline does nothing: the deadline of connect stands, where Go's resolver wants 5 s.
func (p *packets) SetDeadline(time.Time) error { return nil }

// Close closes the connection.
func (p *packets) Close() error {
	p.stop()
	return p.UDPConn.Close()
}

// stream is a connection over TCP, where each message has its length before it.
type stream struct {
	net.Conn
	stop   func() bool
	answer *bytes.Reader
}

// Read reads of the one message that is waited for.
func (s *stream) Read(b []byte) (int, error) {
	if s.answer == nil {
		message, err := s.message()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			// Go's resolver takes errors of the network for passing ones, but not a bare end.
			err = &net.OpError{Op: "read", Net: "tcp", Addr: s.RemoteAddr(), Err: err}
		}
		if err != nil {
			return 0, err
		}
		wholeOrFailure(message[2:])
		plainCode(message[2:])
		s.answer = bytes.NewReader(message)
	}
	return s.answer.Read(b)
}

// message reads a message with its length.
func (s *stream) message() ([]byte, error) {
	message := make([]byte, 2)
	if _, err := io.ReadFull(s.Conn, message); err != nil {
		return nil, err
	}
	message = append(message, make([]byte, binary.BigEndian.Uint16(message))...)
	_, err := io.ReadFull(s.Conn, message[2:])
	return message, err
}

// SetDeadline does nothing, as that of packets.
func (s *stream) SetDeadline(time.Time) error { return nil }

// Close closes the connection.
func (s *stream) Close() error {
	s.stop()
	return s.Conn.Close()
}

// plainCode makes SERVFAIL of all codes that are no answer, such as REFUSED. Go's resolver asks the next server at each
// of them; but only of SERVFAIL it remembers, going through search domains, that the name may be there.
func plainCode(message []byte) {
	if len(message) <= codeAt {
		return
	}
	if code := message[codeAt] & codeMask; code != 0 && code != nameError {
		message[codeAt] = message[codeAt]&^codeMask | serverFailure
	}
}

// wholeOrFailure makes SERVFAIL of an answer that is cut even over TCP, which Go's resolver would take for all there
// is.
func wholeOrFailure(message []byte) {
	if len(message) > codeAt && message[flagsAt]&truncated != 0 {
		message[codeAt] = message[codeAt]&^codeMask | serverFailure
	}
}
