//go:build cgo && !novips

package vips

import (
	"bytes"
	"context"

	gv "github.com/davidbyttow/govips/v2/vips"
)

// Pixels are a picture in memory, from which any number of transforms may read at once.
type Pixels struct{ image *gv.ImageRef }

// Close gives the memory back once nobody reads from it.
func (p *Pixels) Close() {
	if p.image != nil {
		p.image.Close()
	}
}

// work is one transform: a chain of lazy operations, and what must be undone when it has been read.
type work struct {
	ctx     context.Context
	source  []byte
	kind    gv.ImageType
	sharing Sharing

	image    *gv.ImageRef
	opened   load   // how the image was read, if nothing was done to it
	fresh    bool   // nothing was done to the image
	unwatch  func() // the end of the context does not stop the image any more
	releases []func()
}

// end closes the chain. What it read from may be closed after that.
func (w *work) end() {
	w.become(nil)
	w.release()
}

func (w *work) release() {
	for n := len(w.releases) - 1; n >= 0; n-- {
		w.releases[n]()
	}
	w.releases = nil
}

// become goes on with another image, which the end of the context stops. nil is none.
func (w *work) become(next *gv.ImageRef) {
	if w.image != nil {
		w.unwatch()
		w.image.Close()
	}
	if w.image, w.fresh = next, false; next != nil {
		w.unwatch = killedWith(w.ctx, next)
	}
}

// killedWith stops the evaluation of an image when the context ends. The returned function ends that.
func killedWith(ctx context.Context, i *gv.ImageRef) (stop func()) {
	if ctx.Err() != nil {
		i.SetKill(true) // at once: what is quickly done would be done before a goroutine comes to it
	}
	cancel := context.AfterFunc(ctx, func() { i.SetKill(true) })
	return func() { cancel() }
}

// open begins a chain at the source. Until pixels are asked for, only the header is read.
func (w *work) open(how load) error {
	if w.fresh && how == w.opened {
		return nil
	}
	params := gv.NewImportParams() // it fails on errors
	params.Access.Set(gv.AccessSequential)
	params.JpegShrinkFactor.Set(how.shrink)
	params.WebpScaleFactor.Set(how.scale)
	params.Page.Set(how.page)
	var next *gv.ImageRef
	var err error
	if w.kind == gv.ImageTypeGIF {
		// Read from memory, a damaged GIF is half a picture.
		next, err = gv.LoadImageFromReader(bytes.NewReader(w.source), params)
	} else {
		next, err = gv.LoadImageFromBuffer(w.source, params)
	}
	if err != nil {
		return err
	}
	w.become(next)
	w.opened, w.fresh = how, true
	return nil
}

// use begins a chain at pixels in memory. The end of the context stops who reads the chain, and nobody else.
func (w *work) use(pixels *Pixels) error {
	next, err := pixels.image.Copy()
	if err == nil {
		w.become(next)
	}
	return err
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
		w.releases = append(w.releases, share.Release)
		return w.use(kept)
	}
	if err := build(); err != nil {
		share.Release()
		return err
	}
	if !share.Room(bytesOf(w.image)) {
		share.Release()
		return nil
	}
	made, err := inMemory(w.image)
	if err != nil {
		share.Release()
		if w.ctx.Err() != nil {
			return err
		}
		// As if nobody shared: the error may be one of memory, or of rows that nobody needs.
		w.become(nil)
		w.release()
		return build()
	}
	w.become(nil)
	w.release()
	pixels := &Pixels{image: made}
	share.Keep(pixels)
	w.releases = append(w.releases, share.Release)
	return w.use(pixels)
}
