package caddymodule

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

const (
	// defaultStaticMemory bounds what is kept in memory of files (bytes): one half for files of builds as they are, the other for what the store
	// has on disk too.
	defaultStaticMemory = 64 << 20
	// defaultStaticCache bounds what is kept on disk (bytes).
	defaultStaticCache = 1 << 30
)

// StaticSettings bound what is kept of files, over all sites.
type StaticSettings struct {
	// How many bytes are kept in memory. -1: none, 0: the default, 64 MiB.
	Memory int64 `json:"memory,omitempty"`

	// How many bytes are kept on disk: compressed copies of files of builds, files that have passed through and copies of these. Default: 1 GiB.
	CacheSize int64 `json:"cache_size,omitempty"`

	// Whether no compressed copies are made. Files are compressed on their way then.
	PrecompressOff bool `json:"precompress_off,omitempty"`
}

func (s StaticSettings) check() error {
	if s.Memory < -1 || s.Memory > 0 && s.Memory < leastKept {
		return fmt.Errorf("memory must be at least 8KiB, or off; found %d bytes", s.Memory)
	}
	if s.CacheSize < 0 || s.CacheSize > 0 && s.CacheSize < leastKept {
		return fmt.Errorf("cache_size must be at least 8KiB, found %d bytes", s.CacheSize)
	}
	return nil
}

// storeSize returns the bounds of the store.
func (s StaticSettings) storeSize() (disk, memory int64) {
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

// fileState is what the handlers of one configuration keep of files.
type fileState struct {
	dir      string
	settings StaticSettings
	store    *blobstore.Store
	memory   *assets.Memory
	copies   *assets.Copies // nil: none are made
}

// leaseFiles opens the store below the state directory, or shares the one that is open.
func leaseFiles(state string, settings StaticSettings, log *zap.Logger) (*fileState, error) {
	dir, err := storeDir(state, "files")
	if err != nil {
		return nil, err
	}
	value, _, err := storePool.LoadOrNew(dir, func() (caddy.Destructor, error) {
		disk, memory := settings.storeSize()
		store, err := blobstore.Open(blobstore.Settings{Dir: dir, Size: disk, Memory: memory, Logger: log.Named("files")})
		return &pooledStore{"files", store}, err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	f := &fileState{dir: dir, settings: settings, store: value.(*pooledStore).store, memory: newStaticMemory(settings.Memory)}
	if !settings.PrecompressOff {
		f.copies = assets.NewCopies(f.store, log.Named("files"))
	}
	return f, nil
}

// currentFiles are those of the configuration that serves, nil without any.
var currentFiles atomic.Pointer[fileState]

// serveFiles has the metrics report about the files of the configuration that serves, and applies its bounds. f may be
// nil.
func serveFiles(f *fileState) error {
	currentFiles.Store(f)
	if f == nil {
		return nil
	}
	return f.applyBounds()
}

// applyBounds applies the bounds of the configuration.
func (f *fileState) applyBounds() error {
	if err := f.store.SetLimits(f.settings.storeSize()); err != nil {
		return fmt.Errorf("setting the bounds of the store in %s: %w", f.dir, err)
	}
	return nil
}

// makeCopies begins to make copies, until ctx ends.
func (f *fileState) makeCopies(ctx context.Context) {
	if f.copies != nil {
		go f.copies.Run(ctx)
	}
}

func (f *fileState) release() error {
	if _, err := storePool.Delete(f.dir); err != nil {
		return fmt.Errorf("closing the store in %s: %w", f.dir, err)
	}
	return nil
}

// assetSettings say how files of builds and exports are served. s is nil with `static off`: nothing is kept of them.
func (f *fileState) assetSettings(cdn bool) assets.Settings {
	settings := assets.Settings{CDN: cdn}
	if f != nil {
		settings.Memory, settings.Copies = f.memory, f.copies
	}
	return settings
}

// keep returns what keeps the files of a zone that pass through. space is that of ZoneConfig.space.
func (f *fileState) keep(space string) *assets.Keep {
	return assets.NewKeep(f.store, f.copies, "file\x00"+space)
}

// keptName returns the name by which a file of a deployment is kept. Next.js ignores every query, a proxy of several deployments may not
// ignore this one.
func keptName(path, query string) string {
	if strings.Contains(query, "dpl=") {
		if values, err := url.ParseQuery(query); err == nil && values.Get("dpl") != "" {
			return path + "?dpl=" + url.QueryEscape(values.Get("dpl"))
		}
	}
	return path
}

// staticMemoryUsed is how much of the files of builds the process keeps in memory (bytes).
var staticMemoryUsed atomic.Int64

func newStaticMemory(limit int64) *assets.Memory {
	switch {
	case limit < 0:
		return nil
	case limit == 0:
		limit = defaultStaticMemory
	}
	return assets.NewMemory(limit/2, &staticMemoryUsed)
}

var copiesPending = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "static_copies_pending",
	Help: "Files that wait for compressed copies.",
}, func() float64 {
	files := currentFiles.Load()
	if files == nil {
		return 0
	}
	return float64(files.copies.Pending())
})
