// Package dnstest is a DNS server for tests: on loopback, over UDP and TCP, with answers that change while it is asked.
package dnstest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// A Server answers what it has been told, of any change on at once. Names are written with or without the dot at their
// end, in any case. A name it has not been told does not exist. Its methods may be called at once from many goroutines.
type Server struct {
	udp *net.UDPConn
	tcp net.Listener

	hangsUp atomic.Bool

	mu    sync.Mutex
	names map[string]*entry
	asked map[question]int
}

// question is what is counted.
type question struct {
	name string
	of   dnsmessage.Type
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{names: map[string]*entry{}, asked: map[question]int{}}
	s.listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(s.serveUDP)
	running.Go(func() { s.serveTCP(ctx, &running) })
	t.Cleanup(func() {
		cancel()
		_ = s.udp.Close()
		s.StopTCP()
		running.Wait()
	})
	return s
}

// listen takes a port that is free over both, which may need more than one try as each is asked for alone.
func (s *Server) listen(t testing.TB) {
	t.Helper()
	var err error
	for range 20 {
		s.tcp, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := s.tcp.Addr().(*net.TCPAddr).Port
		s.udp, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			return
		}
		_ = s.tcp.Close()
	}
	require.NoError(t, err, "no port is free over UDP and TCP")
}

// Addr returns host:port of the server.
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// StopTCP makes the server refuse TCP from now on, so that no answer arrives that is too large for UDP.
func (s *Server) StopTCP() { _ = s.tcp.Close() }

// HangUp makes the server close connections over TCP instead of answering, as one does that has too many.
func (s *Server) HangUp() { s.hangsUp.Store(true) }

// Asked returns how often the name has been asked for with this type.
func (s *Server) Asked(name string, of dnsmessage.Type) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[question{canonical(name), of}]
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (s *Server) serveUDP() {
	query := make([]byte, maxMessage)
	for {
		n, client, err := s.udp.ReadFromUDPAddrPort(query)
		if err != nil {
			return
		}
		if answer := s.answer(query[:n], true); answer != nil {
			_, _ = s.udp.WriteToUDPAddrPort(answer, client)
		}
	}
}

func (s *Server) serveTCP(ctx context.Context, running *sync.WaitGroup) {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		running.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer func() {
				stop()
				_ = conn.Close()
			}()
			s.serveConn(conn)
		})
	}
}

// serveConn answers the messages of a connection, each of which has its length before it (RFC 1035, 4.2.2).
func (s *Server) serveConn(conn net.Conn) {
	for {
		length := make([]byte, 2)
		if _, err := io.ReadFull(conn, length); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		if s.hangsUp.Load() {
			return
		}
		answer := s.answer(query, false)
		if answer == nil {
			continue
		}
		//nolint:gosec // answer has cut it to 65535 bytes
		answer = append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
