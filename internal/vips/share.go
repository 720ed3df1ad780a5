package vips

import "context"

// Sharing lets transforms of one source have pixels in common: one of them makes them for all. Without it, or where it
// says no, pixels flow from the decoder to the encoder, a few rows at a time.
type Sharing interface {
	// Ask is called on the way to the pixels of a stage, which is one of plan.Stages. It may wait for another
	// transform, as long as the context lasts. The result is nil if the transform shall go on by itself, and must be
	// released otherwise.
	Ask(ctx context.Context, plan Plan, stage Stage) Share
}

// Share is the part of one transform in the pixels of a stage. It is used by one goroutine.
type Share interface {
	// Pixels are those of another transform, good until Release; nil asks this one to make and keep them.
	Pixels() *Pixels
	// Room says whether pixels of so many bytes may be kept. It is asked before they are made, once.
	Room(bytes int64) bool
	// Keep hands pixels over to the sharing, which closes them some time after Release.
	Keep(pixels *Pixels)
	// Release ends the use. Pixels that were asked for and not kept until then will not come.
	Release()
}
