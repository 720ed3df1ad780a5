//go:build !cgo || novips

package vips

import (
	"context"

	"go.uber.org/zap"
)

// Start says ErrUnavailable.
func Start(*zap.Logger) error { return ErrUnavailable }

// Version is empty without libvips.
func Version() string { return "" }

// Memory is nothing without libvips.
func Memory() (now, highest int64) { return 0, 0 }

// CanEncode says no.
func CanEncode(string) bool { return false }

// Transform says ErrUnavailable.
func Transform(context.Context, []byte, string, Options) ([]byte, error) { return nil, ErrUnavailable }

// OpenImages is nothing without libvips.
func OpenImages() int64 { return 0 }

// Pixels are nothing without libvips.
type Pixels struct{}

// Close does nothing without libvips.
func (*Pixels) Close() {}
