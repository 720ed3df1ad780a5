//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

var (
	portsMu   sync.Mutex
	portsUsed = map[int]bool{}
)

// freePort returns a port on which nobody listens, by TCP or UDP. It lies below the range from which the kernel takes the ports
// of outgoing connections, so that none of those can take it before it is used.
func freePort() (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 200 {
		port := 20000 + rand.IntN(10000)
		if portsUsed[port] || !isFree(port) {
			continue
		}
		portsUsed[port] = true
		return port, nil
	}
	return 0, errors.New("no free port found between 20000 and 30000")
}

func isFree(port int) bool {
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
