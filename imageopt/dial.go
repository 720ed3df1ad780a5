package imageopt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// attemptDelay is how long one address has for itself before the next one is tried beside it (RFC 8305 section 5).
const attemptDelay = 250 * time.Millisecond

// dialFunc opens one connection, as net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialPlain connects to one of the addresses of a route. http.Transport lets a dial outlive the request that began it,
// so it has a limit of its own.
func (f *Fetcher) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, f.limits.Timeout)
	defer cancel()
	way, err := parseRoute(address)
	if err != nil {
		return nil, err
	}
	return f.connect(ctx, network, way)
}

// dialTLS is dialPlain with TLS, verified for the name of the route.
func (f *Fetcher) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, f.limits.Timeout)
	defer cancel()
	way, err := parseRoute(address)
	if err != nil {
		return nil, err
	}
	plain, err := f.connect(ctx, network, way)
	if err != nil {
		return nil, err
	}
	settings := f.tls.Clone()
	settings.ServerName = way.host
	secure := tls.Client(plain, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("securing the connection: %w", err), plain.Close())
	}
	return secure, nil
}

// connect opens a connection to the first address of a route that answers. What is connected to was checked when the
// route was made; it is asked again because here no mistake before could be made good.
func (f *Fetcher) connect(ctx context.Context, network string, way route) (net.Conn, error) {
	targets := make([]string, len(way.addrs))
	for i, addr := range way.addrs {
		if err := f.refuses(addr); err != nil {
			return nil, fmt.Errorf("connecting to %s: %w", addr, err)
		}
		targets[i] = net.JoinHostPort(addr.String(), way.port)
	}
	return dialFirst(ctx, f.dial, network, targets, attemptDelay)
}

// dialFirst tries the targets in their order, the next one when the one before has failed or taken longer than delay,
// and returns the first connection. The errors of all are returned if there is none.
func dialFirst(ctx context.Context, dial dialFunc, network string, targets []string, delay time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type attempt struct {
		conn net.Conn
		err  error
	}
	attempts := make(chan attempt)
	try := func(target string) {
		conn, err := dial(ctx, network, target)
		select {
		case attempts <- attempt{conn, err}:
		case <-ctx.Done():
			if err == nil {
				_ = conn.Close() // nobody has used it
			}
		}
	}
	var failed []error
	next := time.NewTimer(0)
	defer next.Stop()
	for started := 0; ; {
		select {
		case <-next.C:
			if started < len(targets) {
				go try(targets[started])
				started++
				next.Reset(delay)
			}
		case done := <-attempts:
			if done.err == nil {
				return done.conn, nil
			}
			failed = append(failed, done.err)
			if len(failed) == len(targets) {
				return nil, errors.Join(failed...)
			}
			next.Reset(0)
		case <-ctx.Done():
			return nil, errors.Join(append(failed, ctx.Err())...)
		}
	}
}
