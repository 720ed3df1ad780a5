package imageopt

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// pace is how long AVIF takes to be made, per pixel: a moving average over the last ones, to which each adds an eighth
// of itself. Pixels are those of the result, and a 32nd of those of the source, whose decoding takes about that part of
// the time. It begins at 400 ns, measured on two cores with photographs of 2 to 5 megapixels, 640 to 1920 wide, libvips
// 8.14; waits in the queue are not in it. Pictures of few pixels say nothing of larger ones and are left out. It is
// wrong by a factor of two for some sources: their pixels are not looked at.
type pace struct {
	mu      sync.Mutex
	average time.Duration // per million pixels; 0: nothing was made yet
}

const (
	firstPace   = 400 * time.Millisecond // per million pixels
	million     = 1_000_000
	fewPixels   = million / 4
	sourceShare = 32
)

// pixelsOf are the pixels that count in making a picture of a width, as if its source stood upright.
func pixelsOf(source vips.Size, width int) int64 {
	made := source.Pixels()
	if width < source.Width {
		made = int64(width) * int64(width) * int64(source.Height) / int64(source.Width)
	}
	return made + source.Pixels()/sourceShare
}

// learn takes a picture into the average.
func (p *pace) learn(pixels int64, took time.Duration) {
	if pixels < fewPixels {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	average := p.perMillion()
	p.average = average + (time.Duration(int64(took)*million/pixels)-average)/8
}

// estimate is how long a picture is likely to take.
func (p *pace) estimate(pixels int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(int64(p.perMillion()/1000) * pixels / (million / 1000))
}

// perMillion is the average. The caller holds the lock.
func (p *pace) perMillion() time.Duration {
	if p.average == 0 {
		return firstPace
	}
	return p.average
}

// errMeasured ends a transform whose source's header was read.
var errMeasured = errors.New("measured")

// estimate is how long an AVIF of a source is likely to take, without its wait in the queue; 0 if the header of the
// source cannot be read.
func (p *Pipeline) estimate(ctx context.Context, source []byte, mime string, width int) (took time.Duration) {
	if !p.begin() {
		return 0
	}
	defer p.jobs.Done()
	_, err := vips.Transform(ctx, source, mime, vips.Options{
		Width: width, Output: vips.AVIF, MaxPixels: p.limits.Load().MaxPixels, Admit: func(size vips.Size) error {
			took = p.pace.estimate(pixelsOf(size, width))
			return errMeasured
		},
	})
	if !errors.Is(err, errMeasured) {
		return 0
	}
	return took
}
