//go:build cgo && !novips

package vips

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	gv "github.com/davidbyttow/govips/v2/vips"
)

var errTimeout = errors.New("it takes too long")

// Transform makes a picture out of a source of a MIME type, the way Next.js does. Whatever is wrong with the source is
// ErrFailed, with the reason; other errors are those of the context, whose end stops the work, and of Options.Admit.
// Runs as long as the work takes: the caller bounds how many run at once.
func Transform(ctx context.Context, source []byte, mime string, options Options) ([]byte, error) {
	if err := starting(); err != nil {
		return nil, err
	}
	return transform(ctx, source, mime, options)
}

func transform(ctx context.Context, source []byte, mime string, options Options) ([]byte, error) {
	in, readable := codecs[mime]
	if !readable || gv.DetermineImageType(source) != in.kind {
		return nil, fmt.Errorf("%w: it is not read as %q", ErrFailed, mime)
	}
	if _, writable := codecs[options.Output]; !writable {
		return nil, fmt.Errorf("%w: %q is not written", ErrFailed, options.Output)
	}
	if options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, options.Timeout, errTimeout)
		defer cancel()
	}
	defer onThread()()
	// Lazy images read from the source until they are closed.
	var pin runtime.Pinner
	pin.Pin(&source[0])
	defer pin.Unpin()

	w := work{ctx: ctx, source: source, kind: in.kind, sharing: options.Sharing}
	defer w.end()
	plan, err := header(&w, mime, options)
	if err == nil {
		err = w.prepare(plan, options.Width)
	}
	var result []byte
	if err == nil {
		result, err = encode(w.image, options)
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
	return nil, fmt.Errorf("%w: %w", ErrFailed, firstLine(err))
}

// onThread stays on a thread until the returned function is called: libvips keeps notes per thread, which must be
// dropped on the thread that made them.
func onThread() (leave func()) {
	runtime.LockOSThread()
	return func() {
		gv.ShutdownThread()
		runtime.UnlockOSThread()
	}
}

// firstLine is an error without what govips appends, its stack. What libvips notes is of the whole process: while
// several transforms run, a line may belong to another one.
func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}

// refusal is an error of Options.Admit.
type refusal struct{ error }

// header reads the header, asks whether the picture may be decoded, and says how.
func header(w *work, mime string, options Options) (Plan, error) {
	if err := w.open(whole); err != nil {
		return Plan{}, err
	}
	orientation, page := w.image.Orientation(), 0
	if mime == AVIF && w.image.Pages() > 1 {
		page = w.image.GetInt("heif-primary")
		if err := w.open(load{shrink: 1, scale: 1, page: page}); err != nil {
			return Plan{}, err
		}
	}
	size := Size{Width: w.image.Width(), Height: w.image.Height()}
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
	decoded, resized := plan.Stages(width)
	return w.stage(plan, resized, func() error {
		err := w.stage(plan, decoded, func() error {
			if err := w.open(decoded.load); err != nil {
				return err
			}
			return step("converting the colours", w.applyProfile())
		})
		if err != nil {
			return err
		}
		if err := resize(w.image, width, plan.turn); err != nil {
			return step("resizing", err)
		}
		if err := w.rotate(plan.turn); err != nil {
			return step("turning", err)
		}
		if err := toSRGB(w.image); err != nil {
			return step("converting to sRGB", err)
		}
		return step("dropping metadata", bare(w.image))
	})
}

// step says what was being done when an error came up.
func step(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// applyProfile converts from the picture's own profile to sRGB. One that does not fit is ignored, as if it were not
// there. (sharp converts 16-bit pictures to Display P3 and drops the profile: wrong colours.)
func (w *work) applyProfile() error {
	i, depth := w.image, 8
	if sixteenBit(i) {
		depth = 16
	}
	colours := i.Interpretation()
	own := i.HasICCProfile() && colours != gv.InterpretationLABS && colours != gv.InterpretationGrey16
	if !own && colours != gv.InterpretationCMYK {
		return nil
	}
	converted, err := profileToSRGB(i, own, depth)
	if err == nil {
		w.become(converted)
	} else if own {
		return nil
	}
	return err
}

func sixteenBit(i *gv.ImageRef) bool {
	return i.Interpretation() == gv.InterpretationRGB16 || i.Interpretation() == gv.InterpretationGrey16
}

func resize(i *gv.ImageRef, width int, t turn) error {
	horizontal, vertical := shrinkOf(i.Width(), i.Height(), width, t)
	if horizontal == 1 && vertical == 1 {
		return nil
	}
	// Colours of transparent pixels must not bleed into their neighbours. govips does and undoes that by itself, but
	// resizes numbers of four bytes then, in another way than sharp.
	if format := i.BandFormat(); i.HasAlpha() {
		if err := errors.Join(i.PremultiplyAlpha(), i.Cast(format)); err != nil {
			return err
		}
	}
	return i.ResizeWithVScale(1/horizontal, 1/vertical, gv.KernelLanczos3)
}

func (w *work) rotate(t turn) error {
	if t.quarters > 0 {
		// A decoder that goes from top to bottom cannot be read sideways.
		upright, err := inMemory(w.image)
		if err != nil {
			return err
		}
		w.become(upright)
		if err := upright.Rotate(gv.Angle(t.quarters)); err != nil {
			return err
		}
	}
	if t.mirror {
		return w.image.Flip(gv.DirectionHorizontal)
	}
	return nil
}

func toSRGB(i *gv.ImageRef) error {
	if sixteenBit(i) {
		if err := i.Cast(gv.BandFormatUshort); err != nil {
			return err
		}
	}
	if i.Interpretation() == gv.InterpretationSRGB {
		return nil
	}
	return i.ToColorSpace(gv.InterpretationSRGB)
}

// bare drops EXIF, XMP, IPTC, profile and orientation. StripMetadata of the encoders is not enough: libvips 8.14 writes
// EXIF and XMP into WebP all the same. What encoders use stays: GIF's palette, and TIFF's unit of the resolution.
func bare(i *gv.ImageRef) error {
	return errors.Join(i.RemoveMetadata("gif-palette", "resolution-unit"), i.RemoveICCProfile(), i.RemoveOrientation())
}

// encode writes a picture with the settings of Next.js's call of sharp; what is not set here is libvips' default there,
// too.
func encode(i *gv.ImageRef, options Options) (made []byte, err error) {
	if longest := codecs[options.Output].longest; longest > 0 && max(i.Width(), i.Height()) > longest {
		return nil, fmt.Errorf("%d x %d is too large for %s", i.Width(), i.Height(), options.Output)
	}
	switch options.Output {
	case JPEG:
		// Trellis, deringing, scans and table work with mozjpeg only; elsewhere they cost a warning each.
		made, _, err = i.ExportJpeg(&gv.JpegExportParams{
			StripMetadata: true, Quality: options.Quality, Interlace: !options.Baseline, OptimizeCoding: true,
			SubsampleMode: gv.VipsForeignSubsampleOn,
		})
	case WebP:
		made, _, err = i.ExportWebp(&gv.WebpExportParams{StripMetadata: true, Quality: options.Quality, ReductionEffort: 4})
		made = bareWebP(made)
	case AVIF:
		made, err = saveAVIF(i, options.Quality)
	case PNG:
		made, err = savePNG(i, options.Quality)
	case GIF:
		made, err = saveGIF(i)
	case TIFF:
		made, _, err = i.ExportTiff(&gv.TiffExportParams{
			StripMetadata: true, Quality: options.Quality, Compression: gv.TiffCompressionJpeg,
			Predictor: gv.TiffPredictorHorizontal, TileWidth: 128, TileHeight: 128,
		})
	}
	return made, step("encoding "+options.Output, err)
}
