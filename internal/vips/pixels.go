//go:build cgo && !novips

package vips

/*
#include "ops.h"
*/
import "C"

// Pixels are a picture in memory, from which any number of transforms may read at once.
type Pixels struct{ image image }

// Close gives the memory back once nobody reads from it.
func (p *Pixels) Close() { p.image.close() }

// held is a picture in memory as pixels that somebody else may close.
func (i *image) held() *Pixels {
	C.g_object_ref(C.gpointer(i.at))
	openImages.Add(1)
	return &Pixels{image: image{at: i.at}}
}

// bytes is what the pixels of an image take in memory.
func (i *image) bytes() int64 { return int64(C.nx_bytes(i.at)) }

func inMemory(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_in_memory(in, out) }
