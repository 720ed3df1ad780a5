package imageopt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

var (
	// ErrUnavailable says that this build has no libvips, or that it does not start.
	ErrUnavailable = errors.New("pictures cannot be transformed here")
	// ErrUndecodable says that a source cannot be made into what was asked. Next.js answers with the source as it is.
	ErrUndecodable = errors.New("the source is passed through")
	// ErrClosed says that the pipeline was closed. It is an ErrBusy, too.
	ErrClosed = fmt.Errorf("%w: the pipeline is closed", ErrBusy)
)

// Defaults of Limits.
const (
	DefaultMaxPixels = 268402689 // Next.js: experimental.imgOptMaxInputPixels
	DefaultQueue     = 256
	DefaultQueueWait = 10 * time.Second
	DefaultTimeout   = 7 * time.Second // Next.js: experimental.imgOptTimeoutInSeconds

	DefaultSharedPixels = 128 << 20
)

// Limits bound what the pipeline takes of the machine. A field that is 0 has its default.
type Limits struct {
	// Concurrency is how many pictures are transformed at once. Default: the number of cores. A wide AVIF counts as
	// four, a source of more than 64 million pixels as all.
	Concurrency int
	// MaxPixels is the largest width times height of a source; a larger one is passed through. Default:
	// DefaultMaxPixels.
	MaxPixels int64
	// Queue is how many may wait. One more is told ErrBusy. Default: DefaultQueue.
	Queue int
	// QueueWait is how long one may wait until it is told ErrBusy. Default: DefaultQueueWait.
	QueueWait time.Duration
	// Timeout is how long the pixels of one picture may take; a slower one is passed through. Default: DefaultTimeout.
	Timeout time.Duration
	// SharedPixels is how many bytes of decoded pixels are kept for other jobs of the same source; a job that finds no
	// room decodes by itself. Default: DefaultSharedPixels; negative: nothing is shared.
	SharedPixels int64
}

func (l Limits) withDefaults() (Limits, error) {
	for name, negative := range map[string]bool{
		"concurrency": l.Concurrency < 0, "max_pixels": l.MaxPixels < 0, "queue": l.Queue < 0, "queue_wait": l.QueueWait < 0, "timeout": l.Timeout < 0,
	} {
		if negative {
			return l, fmt.Errorf("image %s must not be negative", name)
		}
	}
	if l.Concurrency == 0 {
		l.Concurrency = runtime.GOMAXPROCS(0)
	}
	if l.MaxPixels == 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	if l.Queue == 0 {
		l.Queue = DefaultQueue
	}
	if l.QueueWait == 0 {
		l.QueueWait = DefaultQueueWait
	}
	if l.Timeout == 0 {
		l.Timeout = DefaultTimeout
	}
	if l.SharedPixels == 0 {
		l.SharedPixels = DefaultSharedPixels
	}
	return l, nil
}

// Job is what shall be made of a source.
type Job struct {
	Width, Quality int
	// Output is the MIME type of the result.
	Output string
	// JPEGBaseline is experimental.imgOptMozjpeg=false: no progressive JPEG, and the quality as the encoder counts it.
	JPEGBaseline bool
	// Source is a name of the source's bytes, one that no other bytes have, by which jobs share its pixels. Empty: they
	// are not shared.
	Source string
	// Behind says that others go first while this one waits.
	Behind bool
}

// PipelineStats are counts since the start, and what there is at the moment.
type PipelineStats struct {
	Running, Waiting           int   // weight of jobs, number of jobs
	Done, Undecodable, Busy    int64 // results
	PixelBytes, MostPixelBytes int64 // memory of libvips for pixels, without decoders and encoders
	Shared                     int64 // jobs that have used pixels of another one
	SharedBytes                int64 // of pixels that are kept for others, now; they are in PixelBytes, too
}

// Pipeline transforms pictures by libvips, as many at once as it may.
type Pipeline struct {
	limits  atomic.Pointer[Limits]
	queue   *queue
	sharing *sharing
	pace    pace // of AVIF
	// encodes says which types this libvips writes.
	encodes map[string]bool
	jobs    sync.WaitGroup
	mu      sync.Mutex // of closed, and of jobs against it
	closed  bool

	done, undecodable, busy atomic.Int64
}

// Library returns the version of libvips, "" where this build has none, and whether it writes AVIF. It starts libvips.
func Library(log *zap.Logger) (version string, avif bool) {
	if err := vips.Start(log); err != nil {
		return "", false
	}
	return vips.Version(), vips.CanEncode(vips.AVIF)
}

// NewPipeline starts libvips, once per process and for good, and makes a pipeline. The error is ErrUnavailable or about
// a limit.
func NewPipeline(limits Limits, log *zap.Logger) (*Pipeline, error) {
	limits, err := limits.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := vips.Start(log); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	p := &Pipeline{
		encodes: map[string]bool{}, queue: newQueue(limits.Concurrency, limits.Queue, limits.QueueWait), sharing: newSharing(limits.SharedPixels),
	}
	p.limits.Store(&limits)
	for mime := range pictureTypes {
		p.encodes[mime] = vips.CanEncode(mime)
	}
	return p, nil
}

// SetLimits changes the limits of a pipeline at work; jobs that have begun keep theirs.
func (p *Pipeline) SetLimits(limits Limits) error {
	limits, err := limits.withDefaults()
	if err != nil {
		return err
	}
	p.limits.Store(&limits)
	p.queue.resize(limits.Concurrency, limits.Queue, limits.QueueWait)
	p.sharing.resize(limits.SharedPixels)
	return nil
}

// CanEncode says whether this libvips writes a MIME type.
func (p *Pipeline) CanEncode(mime string) bool { return p.encodes[mime] }

// Transform makes a picture out of a source of a MIME type, as soon as it may. The error is ErrUndecodable with the
// reason, ErrBusy, or the context's: its end ends the wait. A transform that has begun is completed, within
// Limits.Timeout, because somebody else will ask for the same.
//
// Jobs of one source that wait or run at the same time have its pixels decoded, and resized where the width is the
// same, only once. Results are the same, to the byte.
func (p *Pipeline) Transform(ctx context.Context, source []byte, mime string, job Job) ([]byte, error) {
	if !p.begin() {
		return nil, ErrClosed
	}
	defer p.jobs.Done()
	made, err := p.transform(ctx, source, mime, job)
	switch {
	case err == nil:
		p.done.Add(1)
	case errors.Is(err, vips.ErrFailed):
		p.undecodable.Add(1)
		err = fmt.Errorf("%w: %w", ErrUndecodable, err)
	case errors.Is(err, ErrBusy):
		p.busy.Add(1)
	}
	return made, err
}

// errHuge says that a source needs the machine for itself.
var errHuge = errors.New("huge")

func (p *Pipeline) transform(ctx context.Context, source []byte, mime string, job Job) ([]byte, error) {
	limits := p.limits.Load()
	options := vips.Options{
		Width: job.Width, Output: job.Output, Quality: EncoderQuality(job), Baseline: job.JPEGBaseline,
		MaxPixels: limits.MaxPixels, Timeout: limits.Timeout,
	}
	weight := weightOf(job)
	var pixels int64
	options.Admit = func(size vips.Size) error {
		pixels = pixelsOf(size, job.Width)
		if size.Pixels() > hugeSource && weight < limits.Concurrency {
			return errHuge
		}
		return nil
	}
	m := p.sharing.join(job)
	defer m.leave()
	if m != nil {
		options.Sharing = m
	}
	for {
		leave, err := p.queue.enterAs(ctx, waiter{weight: weight, behind: job.Behind})
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		made, err := vips.Transform(context.WithoutCancel(ctx), source, mime, options)
		leave()
		if err == nil && job.Output == vips.AVIF {
			p.pace.learn(pixels, time.Since(begin))
		}
		if !errors.Is(err, errHuge) {
			return made, err
		}
		weight = limits.Concurrency
	}
}

// begin counts a job, unless the pipeline is closed.
func (p *Pipeline) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.jobs.Add(1)
	return true
}

// Stats says what the pipeline does and did.
func (p *Pipeline) Stats() PipelineStats {
	s := PipelineStats{Done: p.done.Load(), Undecodable: p.undecodable.Load(), Busy: p.busy.Load()}
	s.Running, s.Waiting = p.queue.load()
	s.PixelBytes, s.MostPixelBytes = vips.Memory()
	s.Shared, s.SharedBytes = p.sharing.used.Load(), p.sharing.kept()
	return s
}

// Close takes no more jobs and waits for those it has. libvips stays.
func (p *Pipeline) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.jobs.Wait()
}
