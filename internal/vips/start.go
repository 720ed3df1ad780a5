//go:build cgo && !novips

package vips

/*
#cgo pkg-config: vips
#include "ops.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"go.uber.org/zap"
)

var starting = sync.OnceValue(start)

// Start starts libvips, once per process and for good, and sends what it says to the logger, at debug level; the last
// logger given counts. The error is ErrUnavailable or what libvips says.
func Start(log *zap.Logger) error {
	setLogger(log)
	return starting()
}

func start() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A parent process that uses sharp leaves it behind, and libvips would look there for its modules: the AVIF ones
	// are modules.
	if err := os.Unsetenv("VIPSHOME"); err != nil {
		return fmt.Errorf("clearing VIPSHOME: %w", err)
	}
	// Many arenas keep what many threads have freed: 490 MB instead of 180 after 2,000 pictures. And glibc's threshold,
	// which grows with what is freed, keeps every buffer of a large picture on the heap: a peak of 330 MB instead of
	// 230, and 300 instead of 140 after it, at the same CPU time. Whoever sets these knows better.
	C.nx_tune_malloc(unset("MALLOC_ARENA_MAX"), unset("MALLOC_MMAP_THRESHOLD_")&unset("MALLOC_TRIM_THRESHOLD_"))
	if C.nx_start() != 0 {
		return fmt.Errorf("starting libvips: %w", lastError())
	}
	return nil
}

// unset is 1 for a variable that is not in the environment.
func unset(name string) C.int {
	if _, set := os.LookupEnv(name); set {
		return 0
	}
	return 1
}

// Version of the libvips in use.
func Version() string { return C.GoString(C.vips_version_string()) }

// Memory is what libvips has allocated for pixels, in bytes, now and at most since the start. What decoders and
// encoders allocate for themselves is not in it.
func Memory() (now, highest int64) {
	return int64(C.vips_tracked_get_mem()), int64(C.vips_tracked_get_mem_highwater())
}

// codec is what libvips calls the two directions of a format.
type codec struct {
	format        C.int
	loader, saver string
	longest       int // pixels of a side of a result, 0 for as libvips says
}

var codecs = map[string]codec{
	JPEG: {C.NX_JPEG, "jpegload_buffer", "jpegsave_buffer", 65535},
	WebP: {C.NX_WEBP, "webpload_buffer", "webpsave_buffer", 16383},
	AVIF: {C.NX_AVIF, "heifload_buffer", "heifsave_buffer", 16384},
	PNG:  {C.NX_PNG, "pngload_buffer", "pngsave_buffer", 0},
	GIF:  {C.NX_GIF, "gifload_buffer", "gifsave_buffer", 65535},
	TIFF: {C.NX_TIFF, "tiffload_buffer", "tiffsave_buffer", 65535},
}

// CanDecode says whether this libvips reads a MIME type that Next.js would transform.
func CanDecode(mime string) bool { return has(codecs[mime].loader) }

// CanEncode says whether this libvips writes a MIME type.
func CanEncode(mime string) bool { return has(codecs[mime].saver) }

func has(operation string) bool {
	if operation == "" || starting() != nil {
		return false
	}
	name := C.CString(operation)
	defer C.free(unsafe.Pointer(name))
	return C.nx_has_operation(name) != 0
}
