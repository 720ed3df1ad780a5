//go:build cgo && !novips

package vips

/*
#include "ops.h"
#include <stdlib.h>
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

var openImages atomic.Int64

// OpenImages is the number of images that are not closed: none, while no transform runs.
func OpenImages() int64 { return openImages.Load() }

// image is one step of a chain of lazy operations. Each step takes the place of the one before.
type image struct{ at *C.VipsImage }

func (i *image) close() { i.become(nil) }

func (i *image) become(next *C.VipsImage) {
	if i.at != nil {
		C.g_object_unref(C.gpointer(i.at))
		openImages.Add(-1)
	}
	if i.at = next; next != nil {
		openImages.Add(1)
	}
}

// then applies an operation.
func (i *image) then(operation func(in *C.VipsImage, out **C.VipsImage) C.int) error {
	var out *C.VipsImage
	if operation(i.at, &out) != 0 {
		return lastError()
	}
	i.become(out)
	return nil
}

func (i *image) size() Size { return Size{Width: int(i.at.Xsize), Height: int(i.at.Ysize)} }

func (i *image) colours() C.VipsInterpretation { return i.at.Type }

func (i *image) sixteenBit() bool {
	return i.at.Type == C.VIPS_INTERPRETATION_RGB16 || i.at.Type == C.VIPS_INTERPRETATION_GREY16
}

func (i *image) hasAlpha() bool { return C.vips_image_hasalpha(i.at) != 0 }

func (i *image) field(name string, otherwise int) int {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return int(C.nx_int_field(i.at, text, C.int(otherwise)))
}
