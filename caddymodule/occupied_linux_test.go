package caddymodule

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// soReusePort is SO_REUSEPORT of Linux, which package syscall does not name.
const soReusePort = 0xf

// A second edge on one port starts without an error, and nobody can tell which of the two has answered.
func TestAPortThatAnotherProcessSharesIsSaid(t *testing.T) {
	shares := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			assert.NoError(t, syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1))
		})
	}}
	for name, shared := range map[string]bool{"shared": true, "free": false} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			globals := "log {\n output file " + log + "\n format json\n}"
			port := edgetest.FreePort(t)
			site := func(word string) string {
				return fmt.Sprintf("nextjs {\n zone / %s\n}\nheader X-Word %s\n", edgetest.Named(t, "x"), word)
			}
			e := &edgetest.Edge{Port: port, TLSPort: edgetest.FreePort(t)}
			if shared {
				other, err := shares.Listen(t.Context(), "tcp", ":"+port)
				require.NoError(t, err)
				defer other.Close()
			}
			require.NoError(t, e.Load(t, site("first"), globals))
			t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
			require.NoError(t, e.Load(t, site("second"), globals), "a reload, whose port is that of the process itself")
			said := func() int {
				data, err := os.ReadFile(log)
				require.NoError(t, err)
				assert.NotContains(t, string(data), `"address":":`+e.TLSPort)
				return strings.Count(string(data), `"address":":`+port+`"`)
			}
			want := map[bool]int{true: 1}[shared]
			require.Eventually(t, func() bool { return said() >= want }, edgetest.Patience, time.Millisecond)
			assert.Equal(t, want, said())
		})
	}
}
