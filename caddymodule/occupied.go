package caddymodule

import (
	"context"
	"errors"
	"net"
	"slices"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

// occupiedPorts are the addresses of sites on which another process listened before this one began to.
//
// Caddy's listeners share their ports (SO_REUSEPORT), so a second edge starts on the port of the first one without an
// error, and the kernel gives each of them some of the connections. Whoever tries things out then wonders which of the
// two has answered.
type occupiedPorts struct {
	looked, found []string
}

// check tries the addresses of a server, once each. It must be called before anything of this process listens on them:
// when the first configuration is provisioned, for Caddy starts apps in no order.
func (o *occupiedPorts) check(ctx context.Context, server *caddyhttp.Server) {
	if server == nil || edge.Current.Load() != nil {
		return
	}
	for _, listen := range server.Listen {
		address, err := caddy.ParseNetworkAddress(listen)
		if err != nil || address.Network != "tcp" || address.PortRangeSize() != 1 || slices.Contains(o.looked, listen) {
			continue
		}
		o.looked = append(o.looked, listen)
		hostPort := address.JoinHostPort(0)
		if caddy.ListenerUsage(address.Network, hostPort) == 0 && isOccupied(ctx, hostPort) {
			o.found = append(o.found, hostPort)
		}
	}
}

// isOccupied reports whether a socket that shares nothing is refused an address. Any other error, such as a port that
// only root may have, says nothing about other processes.
func isOccupied(ctx context.Context, hostPort string) bool {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", hostPort)
	if err == nil {
		_ = listener.Close() // nothing was accepted
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

// warn warns when the configuration runs: `caddy validate` provisions it too, beside an edge that serves.
func (o *occupiedPorts) warn(log *zap.Logger) {
	for _, address := range o.found {
		log.Warn("another process listens on the port of this site too, and each of the two gets some of the requests: "+
			"stop one of them", zap.String("address", address))
	}
	o.found = nil
}
