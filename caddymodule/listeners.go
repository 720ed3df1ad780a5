package caddymodule

import (
	"errors"
	"fmt"
	"net"
	"reflect"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// On Linux each configuration listens with sockets of its own (SO_REUSEPORT), and while two of them are loaded the
// kernel chooses one for each new connection. What the socket that closes has then is lost: connections that nobody has
// accepted yet are reset, and Go's servers drop the first HTTP/1.1 request of those that were accepted. So the kernel
// is told: while a configuration is being loaded, the one that serves has all new connections; from the moment when the
// new one serves, that one has, and the other has drainTime to answer what is on its way.
//
// Sockets of one address are numbered in the order in which they came to listen; when one closes, the last one has its
// number.
const (
	servingSocket = 0 // that of the configuration that serves, also when it is the only one
	nextSocket    = 1 // that of the one that is being loaded
)

// sendNewConnections has the kernel give new connections to one of the sockets of each address that the configuration
// listens on. Without a socket of that number, the kernel chooses as before.
func sendNewConnections(app *caddyhttp.App, socket uint32, logger *zap.Logger) {
	if app == nil {
		return
	}
	for _, server := range app.Servers {
		for _, ln := range server.Listeners() {
			if err := chooseSocket(ln, socket); err != nil {
				logger.Debug("connections that come while the configuration changes may be lost", zap.Error(err))
			}
		}
	}
}

// tcpListener returns the socket that a listener of Caddy accepts from. Caddy and crypto/tls wrap it in structs that
// embed a net.Listener and hide it.
func tcpListener(ln net.Listener) (*net.TCPListener, error) {
	for {
		if tcp, ok := ln.(*net.TCPListener); ok {
			return tcp, nil
		}
		wrapper := reflect.Indirect(reflect.ValueOf(ln))
		if wrapper.Kind() != reflect.Struct {
			return nil, fmt.Errorf("%T is no TCP socket", ln)
		}
		embedded := wrapper.FieldByName("Listener")
		if !embedded.IsValid() || !embedded.CanInterface() {
			return nil, fmt.Errorf("%T does not show its socket", ln)
		}
		inner, ok := embedded.Interface().(net.Listener)
		if !ok {
			return nil, errors.New("a wrapper of listeners holds none")
		}
		ln = inner
	}
}
