// Package vips makes pictures as Next.js makes them by sharp, step for step, on the machine's own libvips by govips:
// the same sizes to the pixel, the same colours, no metadata. It is one function, Transform; queues, limits of
// concurrency and qualities are its caller's (package imageopt). What govips does not offer is in helpers.go.
//
// Built without CGO, or with the tag novips, Start says ErrUnavailable.
package vips

import (
	"errors"
	"time"
)

// MIME types that the package can know; whether it really reads or writes them depends on the libvips found (CanDecode,
// CanEncode).
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
	AVIF = "image/avif"
	GIF  = "image/gif"
	TIFF = "image/tiff"
)

var (
	// ErrUnavailable says that there is no libvips in this build.
	ErrUnavailable = errors.New("built without libvips")
	// ErrFailed says that the source cannot be made into what was asked: it is broken, too big, or of a kind that is
	// not read.
	ErrFailed = errors.New("the picture cannot be transformed")
)

// Options say what is made of a source.
type Options struct {
	// Width of the result in pixels, after the rotation that EXIF asks for. Pictures are never enlarged.
	Width int
	// Output is the MIME type of the result.
	Output string
	// Quality is the encoder's own, 1 to 100; GIF ignores it.
	Quality int
	// Baseline makes a JPEG that is not progressive.
	Baseline bool
	// MaxPixels is the largest width times height of a source, as its header says it; 0 is no limit.
	MaxPixels int64
	// Timeout ends a transform that takes longer; 0 is never. An encoder at work is not interrupted.
	Timeout time.Duration
	// Admit, if not nil, is asked before pixels are decoded.
	Admit func(Size) error
	// Sharing, if not nil, is asked for the pixels of other transforms of the same source.
	Sharing Sharing
}

// Size is what the header of a source says.
type Size struct{ Width, Height int }

// Pixels of the picture.
func (s Size) Pixels() int64 { return int64(s.Width) * int64(s.Height) }
