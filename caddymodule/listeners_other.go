//go:build !linux

package caddymodule

import (
	"errors"
	"net"
)

// chooseSocket is not needed where configurations share one socket, as on Windows, and not possible elsewhere.
func chooseSocket(net.Listener, uint32) error { return errors.ErrUnsupported }
