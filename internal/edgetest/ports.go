package edgetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	portsMu   sync.Mutex
	portsUsed = map[int]bool{}
)

// FreePort returns a port on which nobody listens: see FindPort.
func FreePort(t testing.TB) string {
	t.Helper()
	port, err := FindPort()
	require.NoError(t, err)
	return strconv.Itoa(port)
}

// FindPort returns a port on which nobody listens, by TCP or UDP, and that no other caller gets. It lies below the
// range from which the kernel takes the ports of outgoing connections, so that none of those can take it before it is
// used.
func FindPort() (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 200 {
		port := 20000 + rand.IntN(10000)
		if portsUsed[port] || !IsFree(port) {
			continue
		}
		portsUsed[port] = true
		return port, nil
	}
	return 0, errors.New("no free port found between 20000 and 30000")
}

// IsFree reports whether nobody listens on a port, by TCP or UDP.
func IsFree(port int) bool {
	address := fmt.Sprintf(":%d", port)
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	return udp.Close() == nil
}
