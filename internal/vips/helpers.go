//go:build cgo && !novips

package vips

/*
#cgo pkg-config: vips
#include <vips/vips.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if VIPS_MAJOR_VERSION < 8 || (VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < 14)
#error "libvips 8.14 or later is needed; to build without pictures: -tags novips, or CGO_ENABLED=0"
#endif

static void tune_malloc(int arenas, int thresholds) {
#ifdef __GLIBC__
	if (arenas)
		mallopt(M_ARENA_MAX, 2);
	if (thresholds) {
		mallopt(M_MMAP_THRESHOLD, 1 << 20);
		mallopt(M_TRIM_THRESHOLD, 1 << 20);
	}
#endif
}

static void give_back(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static int in_memory(VipsImage *in, VipsImage **out) {
	return (*out = vips_image_copy_memory(in)) ? 0 : -1;
}

// Without a profile of its own the image is in libvips' CMYK.
static int to_srgb(VipsImage *in, VipsImage **out, int embedded, int depth) {
	return vips_icc_transform(in, out, "srgb", "embedded", embedded, "input_profile", embedded ? "none" : "cmyk",
		"intent", VIPS_INTENT_PERCEPTUAL, "black_point_compensation", TRUE, "depth", depth, NULL);
}

static int save_png(VipsImage *in, int q, void **made, size_t *length) {
	int coarse = q < 60;
	return vips_pngsave_buffer(in, made, length, "strip", TRUE, "palette", TRUE, "Q", q, "dither", coarse ? 1.0 : 0.2,
		"effort", !coarse && vips_image_hasalpha(in) ? 3 : 7, "bitdepth", 8, "compression", 6,
		"filter", VIPS_FOREIGN_PNG_FILTER_NONE, NULL);
}

static int save_gif(VipsImage *in, void **made, size_t *length) {
	return vips_gifsave_buffer(in, made, length, "strip", TRUE, "dither", 1.0, "effort", 7, "bitdepth", 8,
		"reuse", TRUE, NULL);
}
*/
import "C"

import (
	"errors"
	"os"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	gv "github.com/davidbyttow/govips/v2/vips"
)

// This file is what govips does not offer, with the reason for each.

// tuneMalloc sets up glibc's allocator. Many arenas keep what many threads have freed: 490 MB instead of 180 after
// 2,000 pictures. And glibc's threshold, which grows with what is freed, keeps every buffer of a large picture on the
// heap: a peak of 330 MB instead of 230, and 300 instead of 140 after it, at the same CPU time. Whoever sets these
// knows better.
func tuneMalloc() {
	C.tune_malloc(unset("MALLOC_ARENA_MAX"), unset("MALLOC_MMAP_THRESHOLD_")&unset("MALLOC_TRIM_THRESHOLD_"))
}

// giveBack gives free memory back to the system. aom takes its memory in small blocks, which glibc keeps once they are
// free, in each of its arenas: 195 MB after 80 AVIFs instead of 130, and 680 where it makes tables of repetitions (see
// saveAVIF). That, and having it again, takes 5 to 10 ms.
func giveBack() { C.give_back() }

// unset is 1 for a variable that is not in the environment.
func unset(name string) C.int {
	if _, set := os.LookupEnv(name); set {
		return 0
	}
	return 1
}

// blockUntrusted keeps libvips from loaders that are not made for untrusted input. Without C a variable of the
// environment would do it, which processes that Caddy starts would inherit.
func blockUntrusted() { C.vips_block_untrusted_set(C.TRUE) }

// knowsGovips says that pointerOf works: another module may ask for another version of govips.
func knowsGovips() bool {
	field, there := reflect.TypeFor[gv.ImageRef]().FieldByName("image")
	return there && field.Type.Kind() == reflect.Pointer && strings.HasSuffix(field.Type.Elem().Name(), "VipsImage")
}

// pointerOf is where govips holds the image of libvips. What govips itself gives and takes are pixels in Go's memory,
// copied each time: all widths of one source, made together, took 1.24 to 1.5 times the memory that way.
func pointerOf(i *gv.ImageRef) **C.VipsImage {
	return (**C.VipsImage)(reflect.ValueOf(i).Elem().FieldByName("image").Addr().UnsafePointer())
}

// apply makes an image by an operation. The one it is made of stays as it is, because it may be stopped at any time,
// under a lock that is govips' own.
func apply(i *gv.ImageRef, operation func(in *C.VipsImage, out **C.VipsImage) C.int) (*gv.ImageRef, error) {
	defer runtime.KeepAlive(i)
	made, err := gv.Black(1, 1)
	if err != nil {
		return nil, err
	}
	var out *C.VipsImage
	if operation(*pointerOf(i), &out) != 0 {
		made.Close()
		return nil, lastError()
	}
	at := pointerOf(made)
	C.g_object_unref(C.gpointer(*at))
	*at = out // nobody else knows of made yet
	return made, nil
}

// inMemory makes the pixels of an image at once. Several transforms may then read them, in any order.
func inMemory(i *gv.ImageRef) (*gv.ImageRef, error) {
	return apply(i, func(in *C.VipsImage, out **C.VipsImage) C.int { return C.in_memory(in, out) })
}

// bytesOf is what the pixels of an image take in memory: govips does not tell the size of a sample.
func bytesOf(i *gv.ImageRef) int64 {
	sample := C.vips_format_sizeof(C.VipsBandFormat(i.BandFormat()))
	return int64(i.Width()) * int64(i.Height()) * int64(i.Bands()) * int64(sample)
}

// profileToSRGB converts from the embedded profile, or from CMYK, with black point compensation, as sharp does. govips
// has no such parameter: black of CMYK would come out as dark grey.
func profileToSRGB(i *gv.ImageRef, embedded bool, depth int) (*gv.ImageRef, error) {
	own := C.int(0)
	if embedded {
		own = 1
	}
	return apply(i, func(in *C.VipsImage, out **C.VipsImage) C.int { return C.to_srgb(in, out, own, C.int(depth)) })
}

// savePNG makes a palette with little dither, at less effort where there is transparency. Next.js dithers in full, at
// effort 7. By libimagequant 2.17, which Debian has, that takes more bytes for less likeness, but without any dither
// soft gradients show contours; effort above 3 (its k-means) gives what is nearly transparent several colours: three
// times the bytes. Below quality 60, which Next.js calls 25, colours
// are so few that they need both. govips has no parameter for effort.
func savePNG(i *gv.ImageRef, quality int) ([]byte, error) {
	return saved(i, func(in *C.VipsImage, made *unsafe.Pointer, length *C.size_t) C.int {
		return C.save_png(in, C.int(quality), made, length)
	})
}

// saveGIF keeps the palette of a source that is a GIF, as Next.js does. govips has no such parameter: its palette is a
// new one, which has lost transparency.
func saveGIF(i *gv.ImageRef) ([]byte, error) {
	return saved(i, func(in *C.VipsImage, made *unsafe.Pointer, length *C.size_t) C.int {
		return C.save_gif(in, made, length)
	})
}

func saved(i *gv.ImageRef, save func(in *C.VipsImage, made *unsafe.Pointer, length *C.size_t) C.int) ([]byte, error) {
	defer runtime.KeepAlive(i)
	var made unsafe.Pointer
	var length C.size_t
	if save(*pointerOf(i), &made, &length) != 0 {
		return nil, lastError()
	}
	defer C.g_free(C.gpointer(made))
	return C.GoBytes(made, C.int(length)), nil
}

// lastError takes what libvips has noted.
func lastError() error {
	text := C.vips_error_buffer_copy()
	defer C.g_free(C.gpointer(text))
	return errors.New(strings.TrimSpace(C.GoString(text)))
}
