package files

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
)

const (
	// defaultStaticMemory bounds what is kept in memory of files (bytes): one half for files of builds as they are, the
	// other for what the store has on disk too.
	defaultStaticMemory = 64 << 20
	// defaultStaticCache bounds what is kept on disk (bytes).
	defaultStaticCache = 1 << 30
)

// Settings bound what is kept of files, over all sites.
type Settings struct {
	// How many bytes are kept in memory. -1: none, 0: the default, 64 MiB.
	Memory int64 `json:"memory,omitempty"`

	// How many bytes are kept on disk: compressed copies of files of builds, files that have passed through and copies
	// of these. Default: 1 GiB.
	CacheSize int64 `json:"cache_size,omitempty"`

	// Whether no compressed copies are made. Files are compressed on their way then.
	PrecompressOff bool `json:"precompress_off,omitempty"`

	// How long the files of a build below `/_next/static` are kept when it is not live any more. Default: 30 days.
	AssetsMaxAge caddy.Duration `json:"assets_max_age,omitempty"`

	// How many bytes of them are kept on disk. The build that was live longest ago gives way. Default: 1 GiB.
	AssetsSize int64 `json:"assets_size,omitempty"`

	// Whether nothing is kept of builds that are gone.
	AssetsOff bool `json:"assets_off,omitempty"`
}

// Check refuses bounds that cannot be meant.
func (s Settings) Check() error {
	if s.Memory < -1 || s.Memory > 0 && s.Memory < leases.Least {
		return fmt.Errorf("memory must be at least 8KiB, or off; found %d bytes", s.Memory)
	}
	if s.CacheSize < 0 || s.CacheSize > 0 && s.CacheSize < leases.Least {
		return fmt.Errorf("cache_size must be at least 8KiB, found %d bytes", s.CacheSize)
	}
	if s.AssetsSize < 0 || s.AssetsSize > 0 && s.AssetsSize < leases.Least {
		return fmt.Errorf("assets_size must be at least 8KiB, found %d bytes", s.AssetsSize)
	}
	if s.AssetsMaxAge < 0 {
		return fmt.Errorf("assets_max_age %s is negative", time.Duration(s.AssetsMaxAge))
	}
	return nil
}

// storeSize returns the bounds of the store.
func (s Settings) storeSize() (disk, memory int64) {
	disk, memory = s.CacheSize, s.Memory/2
	if disk == 0 {
		disk = defaultStaticCache
	}
	switch {
	case s.Memory < 0:
		memory = -1
	case s.Memory == 0:
		memory = defaultStaticMemory / 2
	}
	return disk, memory
}

// State is what the handlers of one configuration keep of files.
type State struct {
	*leases.Store
	settings Settings
	memory   *assets.Memory
	Copies   *assets.Copies // nil: none are made
	archive  *archive       // nil: there is none

	mu     sync.Mutex
	spaces []*assets.Space // whose use the archive was told of
}

// Lease opens the store below the state directory, or shares the one that is open.
func Lease(state string, settings Settings, log *zap.Logger) (*State, error) {
	store, err := leases.Lease(state, "files", func(dir string) (*leases.Store, error) {
		disk, memory := settings.storeSize()
		return leases.Open("files", dir, disk, memory, log.Named("files"))
	})
	if err != nil {
		return nil, err
	}
	f := &State{Store: store, settings: settings, memory: newMemory(settings.Memory)}
	if !settings.PrecompressOff {
		f.Copies = assets.NewCopies(f.Blobs, log.Named("files"))
	}
	if f.archive, err = leaseArchive(state, settings, log); err != nil {
		return nil, errors.Join(err, store.Release())
	}
	return f, nil
}

// Release gives the leases back.
func (f *State) Release() error { return errors.Join(f.releaseArchive(), f.Store.Release()) }

// current are those of the configuration that serves, nil without any.
var current atomic.Pointer[State]

// Serve has the metrics report about the files of the configuration that serves, and applies its bounds. f may be
// nil.
func Serve(f *State) error {
	current.Store(f)
	if f == nil {
		return nil
	}
	if f.archive != nil {
		f.archive.UseCopies(f.Copies)
		f.archive.SetLimits(f.settings.AssetsSize, time.Duration(f.settings.AssetsMaxAge))
	}
	return f.SetLimits(f.settings.storeSize())
}

// MakeCopies begins to make copies, until ctx ends.
func (f *State) MakeCopies(ctx context.Context) {
	if f.Copies != nil {
		go f.Copies.Run(ctx)
	}
}

// Settings say how files of builds and exports are served. s is nil with `static off`: nothing is kept of them.
func (f *State) Settings(cdn bool) assets.Settings {
	settings := assets.Settings{CDN: cdn}
	if f != nil {
		settings.Memory, settings.Copies = f.memory, f.Copies
	}
	return settings
}

// keep returns what keeps the files of a zone that pass through. space is that of ZoneConfig.space.
func (f *State) keep(space string) *assets.Keep {
	return assets.NewKeep(f.Blobs, f.Copies, "file\x00"+space)
}

// memoryUsed is how much of the files of builds the process keeps in memory (bytes).
var memoryUsed atomic.Int64

func newMemory(limit int64) *assets.Memory {
	switch {
	case limit < 0:
		return nil
	case limit == 0:
		limit = defaultStaticMemory
	}
	return assets.NewMemory(limit/2, &memoryUsed)
}

var copiesPending = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "static_copies_pending",
	Help: "Files that wait for compressed copies.",
}, func() float64 {
	files := Current()
	if files == nil {
		return 0
	}
	return float64(files.Copies.Pending())
})

// Current is what the configuration that serves keeps of files, nil without any.
func Current() *State { return current.Load() }
