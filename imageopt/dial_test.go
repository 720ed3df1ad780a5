package imageopt

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// closing tells when it is closed.
type closing struct {
	net.Conn
	target string
	closed chan struct{}
}

func (c *closing) Close() error {
	close(c.closed)
	return nil
}

func TestDialFirst(t *testing.T) {
	silent := func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	dial := func(ctx context.Context, _, target string) (net.Conn, error) {
		switch target {
		case "silent":
			return silent(ctx)
		case "refused":
			return nil, errors.New("refused")
		}
		return &closing{target: target}, nil
	}
	for _, targets := range [][]string{{"open"}, {"refused", "open"}, {"refused", "refused", "open"}, {"silent", "open"}, {"silent", "refused", "silent", "open"}} {
		conn, err := dialFirst(t.Context(), dial, "tcp", targets, time.Millisecond)
		require.NoError(t, err, targets)
		assert.Equal(t, "open", conn.(*closing).target)
	}
	// A failure does not wait for the turn of the next one.
	conn, err := dialFirst(t.Context(), dial, "tcp", []string{"refused", "open"}, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "open", conn.(*closing).target)

	_, err = dialFirst(t.Context(), dial, "tcp", []string{"refused", "refused"}, time.Hour)
	assert.EqualError(t, err, "refused\nrefused")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = dialFirst(ctx, dial, "tcp", []string{"silent", "silent"}, time.Microsecond)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// The connection that comes second is closed.
func TestDialFirstClosesTheLoser(t *testing.T) {
	loser := &closing{closed: make(chan struct{})}
	dial := func(ctx context.Context, _, target string) (net.Conn, error) {
		if target == "late" {
			<-ctx.Done() // the other one has won
			return loser, nil
		}
		return &closing{target: target}, nil
	}
	conn, err := dialFirst(t.Context(), dial, "tcp", []string{"late", "early"}, time.Millisecond)
	require.NoError(t, err)
	assert.Equal(t, "early", conn.(*closing).target)
	<-loser.closed
}

// The dialer asks once more whether an address is allowed.
func TestConnectRefusesSpecialAddresses(t *testing.T) {
	f := NewFetcher(FetchLimits{}, nil)
	f.dial = func(context.Context, string, string) (net.Conn, error) { panic("connected") }
	_, err := f.connect(t.Context(), "tcp", route{host: "a.test", port: "80", addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	assert.ErrorIs(t, err, ssrf.ErrProhibitedIP)
}
