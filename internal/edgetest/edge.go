package edgetest

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/stretchr/testify/require"
)

// Edge is a Caddy in the test's process: plain HTTP on one port, TLS with all HTTP versions on another. A process has
// one Caddy, so tests that load a configuration cannot run in parallel.
type Edge struct{ Port, TLSPort string }

// New returns an edge with free ports that has no configuration yet.
func New(t testing.TB) *Edge {
	t.Helper()
	return &Edge{Port: FreePort(t), TLSPort: FreePort(t)}
}

// Serve starts an edge with a site that has the given directives, and stops it at the end of the test. The globals are
// lines of the global options.
func Serve(t testing.TB, directives string, globals ...string) *Edge {
	t.Helper()
	e := New(t)
	require.NoError(t, e.Load(t, directives, globals...))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	return e
}

// Load replaces the configuration, as a reload does. Its error is what the Caddyfile adapter or Caddy says.
func (e *Edge) Load(t testing.TB, directives string, globals ...string) error {
	t.Helper()
	require.NotNil(t, certificates.TLS, "TestMain of this package does not call edgetest.Main")
	config, err := Adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	auto_https off
	%s
}
http://localhost:%s {
	%s
}
https://localhost:%s {
	tls %s %s
	%s
}`, strings.Join(globals, "\n\t"), e.Port, directives, e.TLSPort, certificateFile, certificateFile, directives))
	if err != nil {
		return err
	}
	if err := caddy.Load(config, true); err != nil {
		return err
	}
	e.waitForOneListener()
	return nil
}

// waitForOneListener waits until the listener of the configuration before is closed, which may be a moment later, with
// the connections that came to it.
func (e *Edge) waitForOneListener() {
	for calm, tries := 0, 0; calm < 3 && tries < 1000; tries++ {
		time.Sleep(time.Millisecond)
		conn, err := net.Dial("tcp", "localhost:"+e.Port)
		if err != nil {
			calm = 0
			continue
		}
		_ = conn.Close() // nothing was said
		calm++
	}
}

// Adapt returns the JSON of a Caddyfile, as `caddy adapt` prints it.
func Adapt(caddyfile string) (json.RawMessage, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	return config, err
}

// State returns the global option that has the edge keep its files in dir.
func State(dir string) string { return fmt.Sprintf("nextjs {\n state %s\n}", dir) }
