//go:build cgo && !novips

package vips

import (
	"context"
	_ "embed" // for damagedJPEG
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	gv "github.com/davidbyttow/govips/v2/vips"
	"go.uber.org/zap"
)

var (
	starting = sync.OnceValue(start)
	logger   atomic.Pointer[zap.Logger]
)

// Start starts libvips, once per process and for good, and sends what it says to the logger, at debug level; the last
// logger given counts. The error is ErrUnavailable or what libvips says.
func Start(log *zap.Logger) error {
	if log == nil {
		log = zap.NewNop()
	}
	logger.Store(log)
	return starting()
}

func start() error {
	if !knowsGovips() {
		return errors.New("this govips does not hold its images as v2.19.0 does")
	}
	// A parent process that uses sharp leaves it behind, and libvips would look there for its modules: the AVIF ones
	// are modules.
	if err := os.Unsetenv("VIPSHOME"); err != nil {
		return fmt.Errorf("clearing VIPSHOME: %w", err)
	}
	tuneMalloc()
	gv.LoggingSettings(writeLog, gv.LogLevelWarning) // below: several lines for each picture
	// The parallelism is that of the pipeline's own queue; encoders that have threads (AV1) bring their own. Nothing is
	// cached: every request differs, and what is equal is coalesced and kept elsewhere.
	if err := gv.Startup(&gv.Config{ConcurrencyLevel: 1}); err != nil {
		return fmt.Errorf("starting libvips: %w", err)
	}
	blockUntrusted()
	if takesDamaged() {
		logger.Load().Warn("this libvips makes pictures of damaged JPEGs, which Next.js passes on as they are",
			zap.String("libvips", Version()))
	}
	return nil
}

func writeLog(_ string, level gv.LogLevel, message string) {
	if entry := logger.Load().Check(zap.DebugLevel, "libvips"); entry != nil {
		entry.Write(zap.String("message", message), zap.Int("level", int(level)))
	}
}

// damagedJPEG is 16 x 16 grey pixels with a wrong code among them: worth a warning to libjpeg, no error.
//
//go:embed damaged.jpeg
var damagedJPEG []byte

// takesDamaged says that this libvips does not fail on warnings. What govips asks for, fail=TRUE, means that in 8.14.
func takesDamaged() bool {
	_, err := transform(context.Background(), damagedJPEG, JPEG, Options{Width: 16, Output: JPEG, Quality: 75})
	return err == nil
}

// Version of the libvips in use.
func Version() string { return gv.Version }

// Memory is what libvips has allocated for pixels, in bytes, now and at most since the start. What decoders and
// encoders allocate for themselves is not in it.
func Memory() (now, highest int64) {
	var stats gv.MemoryStats
	gv.ReadVipsMemStats(&stats)
	return stats.Mem, stats.MemHigh
}

// OpenImages is the number of images that are not closed: none, while no transform runs.
func OpenImages() int64 { return gv.OpenImageRefs() }

// codec is what govips calls a format.
type codec struct {
	kind    gv.ImageType
	longest int // pixels of a side of a result, 0 for as libvips says
}

var codecs = map[string]codec{
	JPEG: {gv.ImageTypeJPEG, 65535},
	WebP: {gv.ImageTypeWEBP, 16383},
	AVIF: {gv.ImageTypeAVIF, 16384},
	PNG:  {gv.ImageTypePNG, 0},
	GIF:  {gv.ImageTypeGIF, 65535},
	TIFF: {gv.ImageTypeTIFF, 65535},
}

// CanEncode says whether this libvips writes a MIME type. It tries: an encoder may be a module that is not there.
func CanEncode(mime string) bool {
	if _, known := codecs[mime]; !known || starting() != nil {
		return false
	}
	defer onThread()()
	blank, err := gv.NewTransparentCanvas(16, 16)
	if err != nil {
		return false
	}
	defer blank.Close()
	_, err = encode(blank, Options{Output: mime, Quality: 75})
	return err == nil
}
