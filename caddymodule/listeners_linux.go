package caddymodule

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// chooseSocket has the kernel give new connections to the socket of that number, of those that share the address of ln.
// Multipath TCP sockets refuse (ENOTSUP), which Go listens with by default; this project's go.mod turns that off.
func chooseSocket(ln net.Listener, socket uint32) error {
	tcp, err := tcpListener(ln)
	if err != nil {
		return err
	}
	conn, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("using the socket of %s: %w", ln.Addr(), err)
	}
	// A classic BPF program of one instruction returns the number (socket(7), SO_ATTACH_REUSEPORT_CBPF).
	program := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: socket}}
	var refused error
	err = conn.Control(func(fd uintptr) {
		refused = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &program)
	})
	if err := errors.Join(err, refused); err != nil {
		return fmt.Errorf("choosing among the sockets of %s: %w", ln.Addr(), err)
	}
	return nil
}
