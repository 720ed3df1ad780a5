package images

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

const (
	// defaultImageCache bounds the pictures that are kept on disk (bytes).
	defaultImageCache = 2 << 30
	// defaultImageMemory bounds those of them that are in memory too (bytes).
	defaultImageMemory = 64 << 20
	// defaultFirstFormatAfter bounds the wait for an AVIF.
	defaultFirstFormatAfter = caddy.Duration(300 * time.Millisecond)
)

// Settings bound what the image optimizer takes of the machine, over all sites.
type Settings struct {
	// How many pictures are transformed at once. Default: the number of cores.
	Concurrency int `json:"concurrency,omitempty"`

	// The largest width times height of a source; a larger one is passed on as it is. Default: 268402689, as in
	// Next.js.
	MaxPixels int64 `json:"max_pixels,omitempty"`

	// How long one transform may take; a source that takes longer is passed on as it is. Default: 7s, as in Next.js.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	// How many requests may wait for their source, and as many for their transform. Further ones are answered with 503.
	// Default: 256.
	Queue int `json:"queue,omitempty"`

	// How long each of the two waits may last. Default: 10s.
	QueueWait caddy.Duration `json:"queue_wait,omitempty"`

	// How many sources may be fetched, or be in memory to be transformed, at once. Default: 32.
	Sources int `json:"sources,omitempty"`

	// How many bytes of decoded pixels are held for other pictures of the same source that wait. -1: none, 0: the
	// default, 128 MiB.
	SharedPixels int64 `json:"shared_pixels,omitempty"`

	// For how long a client may wait for an AVIF that is not kept. One that is estimated to take longer is answered in
	// another format at first, and made in the background. -1: clients wait, 0: the default, 300ms.
	FirstFormatAfter caddy.Duration `json:"first_format_after,omitempty"`

	// How many bytes of pictures are kept on disk. Default: 2 GiB.
	CacheSize int64 `json:"cache_size,omitempty"`

	// How many bytes of pictures are kept in memory too. -1: none, 0: the default, 64 MiB.
	Memory int64 `json:"memory,omitempty"`
}

// Check refuses bounds that cannot be meant.
func (s Settings) Check() error {
	for _, bound := range []struct {
		name  string
		value int64
	}{
		{"concurrency", int64(s.Concurrency)},
		{"max_pixels", s.MaxPixels},
		{"timeout", int64(s.Timeout)},
		{"queue", int64(s.Queue)},
		{"queue_wait", int64(s.QueueWait)},
		{"sources", int64(s.Sources)},
		{"cache_size", s.CacheSize},
		{"memory", s.Memory + 1},
		{"shared_pixels", s.SharedPixels + 1},
		{"first_format_after", int64(s.FirstFormatAfter) + 1},
	} {
		if bound.value < 0 {
			return fmt.Errorf("%s must not be negative", bound.name)
		}
	}
	if s.Memory > 0 && s.Memory < leases.Least || s.CacheSize > 0 && s.CacheSize < leases.Least {
		return errors.New("memory and cache_size must be at least 8KiB")
	}
	return nil
}

func (s Settings) limits() imageopt.Limits {
	return imageopt.Limits{
		Concurrency: s.Concurrency, MaxPixels: s.MaxPixels, Queue: s.Queue, QueueWait: time.Duration(s.QueueWait),
		Timeout: time.Duration(s.Timeout), SharedPixels: s.SharedPixels,
	}
}

func (s Settings) storeSize() (disk, memory int64) {
	return cmp.Or(s.CacheSize, defaultImageCache), cmp.Or(s.Memory, defaultImageMemory)
}

// State is what the handlers of one configuration make and keep pictures with.
type State struct {
	settings Settings
	*pooledImages
}

// pooledImages outlive the configurations that use them.
type pooledImages struct {
	*leases.Store
	passing *imageopt.Passing
	log     *zap.Logger
	needed  sync.Once
	maker   atomic.Pointer[maker] // nil as long as no zone needs it, and where pictures cannot be transformed
}

// maker makes pictures.
type maker struct {
	optimizer *imageopt.Optimizer
	pipeline  *imageopt.Pipeline
}

// Destruct implements caddy.Destructor.
func (p *pooledImages) Destruct() error {
	p.passing.Close()
	if making := p.maker.Load(); making != nil {
		making.optimizer.Close()
		making.pipeline.Close()
	}
	return p.Store.Destruct()
}

// Lease opens the store of pictures below the state directory, or shares the one that is open.
func Lease(state string, settings Settings, log *zap.Logger) (*State, error) {
	pooled, err := leases.Lease(state, "images", func(dir string) (*pooledImages, error) {
		return openImages(dir, settings, log.Named("images"))
	})
	if err != nil {
		return nil, err
	}
	return &State{settings: settings, pooledImages: pooled}, nil
}

func openImages(dir string, settings Settings, log *zap.Logger) (*pooledImages, error) {
	disk, memory := settings.storeSize()
	store, err := leases.Open("images", dir, disk, memory, log)
	if err != nil {
		return nil, err
	}
	return &pooledImages{Store: store, passing: imageopt.NewPassing(store.Blobs), log: log}, nil
}

// making is what makes pictures, nil where they cannot be transformed. It starts libvips: only zones that need it ask.
func (s *State) making() *maker {
	s.needed.Do(func() {
		pipeline, err := imageopt.NewPipeline(s.settings.limits(), s.log)
		if err != nil {
			s.log.Warn("no pictures are made here: requests for them go on to the applications, and their answers are kept",
				zap.Error(err))
			return
		}
		if !pipeline.CanEncode("image/avif") {
			s.log.Warn("this libvips does not write AVIF: clients that prefer it get another format " +
				"(Debian: install libheif-plugin-aomenc or libvips with HEIF)")
		}
		optimizer := imageopt.NewOptimizer(s.Blobs, pipeline)
		s.bound(optimizer) // the first zone that needs it may come after Serve
		s.maker.Store(&maker{optimizer: optimizer, pipeline: pipeline})
	})
	return s.maker.Load()
}

// bound gives an optimizer the bounds of the configuration.
func (s *State) bound(o *imageopt.Optimizer) {
	o.SetLimits(s.settings.Sources, s.settings.Queue, time.Duration(s.settings.QueueWait))
	o.SetFirstFormat(time.Duration(cmp.Or(s.settings.FirstFormatAfter, defaultFirstFormatAfter)))
}

// current are those of the configuration that serves, nil without any.
var current atomic.Pointer[State]

// Serve has the metrics report about the pictures of the configuration that serves, and applies its bounds. s
// may be nil.
func Serve(s *State) error {
	current.Store(s)
	if s == nil {
		return nil
	}
	if err := s.SetLimits(s.settings.storeSize()); err != nil {
		return err
	}
	making := s.maker.Load()
	if making == nil {
		return nil
	}
	if err := making.pipeline.SetLimits(s.settings.limits()); err != nil {
		return fmt.Errorf("setting the bounds of the image optimizer: %w", err)
	}
	s.bound(making.optimizer)
	return nil
}

// Current is what the configuration that serves makes and keeps pictures with, nil without any.
func Current() *State { return current.Load() }
