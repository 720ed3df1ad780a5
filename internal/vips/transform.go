//go:build cgo && !novips

package vips

/*
#include "ops.h"
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

var errTimeout = errors.New("it takes too long")

// Transform makes a picture out of a source of a MIME type, the way Next.js does. Whatever is wrong with the source is
// ErrFailed, with the reason; other errors are those of the context, whose end stops the work, and of Options.Admit.
// Runs as long as the work takes: the caller bounds how many run at once.
func Transform(ctx context.Context, source []byte, mime string, options Options) ([]byte, error) {
	if err := starting(); err != nil {
		return nil, err
	}
	in, readable := codecs[mime]
	if !readable || len(source) == 0 {
		return nil, fmt.Errorf("%w: %q is not read", ErrFailed, mime)
	}
	out, writable := codecs[options.Output]
	if !writable {
		return nil, fmt.Errorf("%w: %q is not written", ErrFailed, options.Output)
	}
	if options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, options.Timeout, errTimeout)
		defer cancel()
	}

	// libvips keeps notes per thread, which must be dropped on the thread that made them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer C.vips_thread_shutdown()
	// Lazy images read from the source until they are closed.
	var pin runtime.Pinner
	pin.Pin(&source[0])
	defer pin.Unpin()

	w := work{ctx: ctx, source: source, in: in, sharing: options.Sharing}
	defer w.end()
	plan, err := header(&w, mime, options)
	if err == nil {
		err = w.prepare(plan, options.Width)
	}
	var result []byte
	if err == nil {
		result, err = encode(&w.image, out, options)
	}
	var refused refusal
	switch {
	case err == nil:
		return result, nil
	case errors.As(err, &refused):
		return nil, refused.error
	case errors.Is(context.Cause(ctx), errTimeout):
		return nil, fmt.Errorf("%w: %w", ErrFailed, errTimeout)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: %w", ErrFailed, err)
}

// refusal is an error of Options.Admit.
type refusal struct{ error }

// killedWith stops the evaluation of an image when the context ends. The returned function ends that, and must be
// called before the image may be closed; the image is kept alive by a reference until then.
func killedWith(ctx context.Context, at *C.VipsImage) (stop func()) {
	if ctx.Err() != nil {
		C.vips_image_set_kill(at, 1) // at once: what is quickly done would be done before a goroutine comes to it
		return func() {}
	}
	C.g_object_ref(C.gpointer(at))
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		C.vips_image_set_kill(at, 1)
	})
	return func() {
		if !cancel() {
			<-done
		}
		C.g_object_unref(C.gpointer(at))
	}
}

// header reads the header, asks whether the picture may be decoded, and says how.
func header(w *work, mime string, options Options) (Plan, error) {
	if err := w.open(whole); err != nil {
		return Plan{}, err
	}
	i := &w.image
	orientation, page := i.field(C.VIPS_META_ORIENTATION, 1), 0
	if primary := i.field("heif-primary", 0); mime == AVIF && primary > 0 && i.field(C.VIPS_META_N_PAGES, 1) > 1 {
		page = primary
		if err := w.open(load{shrink: 1, scale: 1, page: page}); err != nil {
			return Plan{}, err
		}
	}
	size := i.size()
	if options.MaxPixels > 0 && size.Pixels() > options.MaxPixels {
		return Plan{}, fmt.Errorf("%d x %d are more than %d pixels", size.Width, size.Height, options.MaxPixels)
	}
	if options.Admit != nil {
		if err := options.Admit(size); err != nil {
			return Plan{}, refusal{err}
		}
	}
	return PlanOf(mime, size, orientation, page), nil
}

// prepare brings the picture to its size, upright, in 8-bit sRGB. The order of the steps is sharp's.
func (w *work) prepare(plan Plan, width int) error {
	i := &w.image
	decoded, resized := plan.Stages(width)
	return w.stage(plan, resized, func() error {
		err := w.stage(plan, decoded, func() error {
			if err := w.decode(decoded.load); err != nil {
				return err
			}
			return step("converting the colours", applyProfile(i))
		})
		if err != nil {
			return err
		}
		if err := resize(i, width, plan.turn); err != nil {
			return step("resizing", err)
		}
		if err := rotate(i, plan.turn); err != nil {
			return step("turning", err)
		}
		if err := toSRGB(i); err != nil {
			return step("converting to sRGB", err)
		}
		return step("dropping metadata", i.then(bare))
	})
}

// step says what was being done when an error came up.
func step(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func bare(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_bare(in, out) }

// applyProfile converts from the picture's own profile to sRGB. One that does not fit is ignored, as if it were not
// there. (sharp converts 16-bit pictures to Display P3 and drops the profile: wrong colours.)
func applyProfile(i *image) error {
	convert := func(input string, depth int) error {
		var from *C.char
		if input != "" {
			from = C.CString(input)
			defer C.free(unsafe.Pointer(from))
		}
		to := C.CString("srgb")
		defer C.free(unsafe.Pointer(to))
		return i.then(func(in *C.VipsImage, out **C.VipsImage) C.int {
			return C.nx_profile_transform(in, out, from, to, C.int(depth))
		})
	}
	depth := 8
	if i.sixteenBit() {
		depth = 16
	}
	switch {
	case C.nx_has_profile(i.at) != 0 && i.colours() != C.VIPS_INTERPRETATION_LABS && i.colours() != C.VIPS_INTERPRETATION_GREY16:
		_ = convert("", depth)
		return nil
	case i.colours() == C.VIPS_INTERPRETATION_CMYK:
		return convert("cmyk", depth)
	}
	return nil
}

func resize(i *image, width int, t turn) error {
	size := i.size()
	horizontal, vertical := shrinkOf(size.Width, size.Height, width, t)
	if horizontal == 1 && vertical == 1 {
		return nil
	}
	// Colours of transparent pixels must not bleed into their neighbours.
	alpha, format := i.hasAlpha(), i.at.BandFmt
	if alpha {
		if err := i.then(func(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_premultiply(in, out) }); err != nil {
			return err
		}
	}
	if err := i.then(func(in *C.VipsImage, out **C.VipsImage) C.int {
		return C.nx_resize(in, out, C.double(1/horizontal), C.double(1/vertical))
	}); err != nil {
		return err
	}
	if alpha {
		return i.then(func(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_unpremultiply(in, out, format) })
	}
	return nil
}

func rotate(i *image, t turn) error {
	if t.quarters > 0 {
		// A decoder that goes from top to bottom cannot be read sideways.
		if err := i.then(inMemory); err != nil {
			return err
		}
		angle := C.VipsAngle(C.VIPS_ANGLE_D0) + C.VipsAngle(t.quarters)
		if err := i.then(func(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_rotate(in, out, angle) }); err != nil {
			return err
		}
	}
	if t.mirror {
		return i.then(func(in *C.VipsImage, out **C.VipsImage) C.int { return C.nx_mirror(in, out) })
	}
	return nil
}

func toSRGB(i *image) error {
	if i.sixteenBit() {
		if err := i.then(func(in *C.VipsImage, out **C.VipsImage) C.int {
			return C.nx_cast(in, out, C.VIPS_FORMAT_USHORT)
		}); err != nil {
			return err
		}
	}
	if i.colours() == C.VIPS_INTERPRETATION_sRGB {
		return nil
	}
	return i.then(func(in *C.VipsImage, out **C.VipsImage) C.int {
		return C.nx_colourspace(in, out, C.VIPS_INTERPRETATION_sRGB)
	})
}

func encode(i *image, out codec, options Options) ([]byte, error) {
	size := i.size()
	if out.longest > 0 && max(size.Width, size.Height) > out.longest {
		return nil, fmt.Errorf("%d x %d is too large for %s", size.Width, size.Height, options.Output)
	}
	save := C.NxSave{format: out.format, q: C.int(options.Quality), progressive: 1}
	if options.Baseline {
		save.progressive = 0
	}
	var bytes unsafe.Pointer
	var length C.size_t
	if C.nx_save(i.at, save, &bytes, &length) != 0 {
		return nil, fmt.Errorf("encoding %s: %w", options.Output, lastError())
	}
	defer C.g_free(C.gpointer(bytes))
	made := C.GoBytes(bytes, C.int(length))
	if options.Output == WebP {
		made = bareWebP(made)
	}
	return made, nil
}
