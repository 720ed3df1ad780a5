//go:build cgo && !novips

package vips

/*
#include "ops.h"
*/
import "C"

import (
	"context"
	"unsafe"
)

// work is one transform: a chain of lazy operations, and what must be undone when it has been read.
type work struct {
	ctx     context.Context
	source  []byte
	in      codec
	sharing Sharing

	image  image
	opened load // how the image was read, if nothing was done to it
	fresh  bool // nothing was done to the image
	undo   []func()
}

// end closes the chain. What it read from may be closed after that.
func (w *work) end() {
	w.image.close()
	w.unwind()
}

func (w *work) unwind() {
	for n := len(w.undo) - 1; n >= 0; n-- {
		w.undo[n]()
	}
	w.undo = nil
}

// open begins a chain at the source. Until pixels are asked for, only the header is read.
func (w *work) open(how load) error {
	if w.fresh && how == w.opened {
		return nil
	}
	asked := C.NxLoad{shrink: C.int(how.shrink), scale: C.double(how.scale), page: C.int(how.page)}
	if err := w.image.then(func(_ *C.VipsImage, out **C.VipsImage) C.int {
		return C.nx_load(unsafe.Pointer(&w.source[0]), C.size_t(len(w.source)), w.in.format, asked, out)
	}); err != nil {
		return err
	}
	w.opened, w.fresh = how, true
	return nil
}

// decode begins a chain at the pixels of the source, which the end of the context stops.
func (w *work) decode(how load) error {
	if err := w.open(how); err != nil {
		return err
	}
	w.fresh = false
	w.undo = append(w.undo, killedWith(w.ctx, w.image.at))
	return nil
}

// use begins a chain at pixels in memory. The end of the context stops who reads the chain, and nobody else.
func (w *work) use(pixels *Pixels) error {
	w.fresh = false
	if err := w.image.then(func(_ *C.VipsImage, out **C.VipsImage) C.int { return C.nx_copy(pixels.image.at, out) }); err != nil {
		return err
	}
	w.undo = append(w.undo, killedWith(w.ctx, w.image.at))
	return nil
}

// stage brings the chain to a stage: by pixels that another transform has made, or by build, which begins at the start.
// If others want the pixels, they are made at once and kept.
func (w *work) stage(plan Plan, stage Stage, build func() error) error {
	var share Share
	if w.sharing != nil {
		share = w.sharing.Ask(w.ctx, plan, stage)
	}
	if share == nil {
		return build()
	}
	if kept := share.Pixels(); kept != nil {
		w.undo = append(w.undo, share.Release)
		return w.use(kept)
	}
	if err := build(); err != nil {
		share.Release()
		return err
	}
	if !share.Room(w.image.bytes()) {
		share.Release()
		return nil
	}
	if err := w.image.then(inMemory); err != nil {
		share.Release()
		if w.ctx.Err() != nil {
			return err
		}
		// As if nobody shared: the error may be one of memory, or of rows that nobody needs.
		w.unwind()
		return build()
	}
	w.unwind()
	pixels := w.image.held()
	share.Keep(pixels)
	w.undo = append(w.undo, share.Release)
	return w.use(pixels)
}
