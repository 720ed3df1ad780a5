package pages

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"golang.org/x/net/http/httpguts"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

const (
	// defaultPageMemory bounds the pages that are kept in memory (bytes).
	defaultPageMemory = 64 << 20
	// defaultRecheck is how often at most a fresh page is asked for in the background.
	defaultRecheck = 10 * time.Second
	// defaultPageCache bounds those that are kept on disk (bytes).
	defaultPageCache = 1 << 30
)

// Settings bound what is kept of pages, over all sites.
type Settings struct {
	// How many bytes of pages are kept in memory. -1: none, 0: the default, 64 MiB.
	Memory int64 `json:"memory,omitempty"`

	// How many bytes of pages are kept on disk. Default: 1 GiB.
	CacheSize int64 `json:"cache_size,omitempty"`

	// The largest body that is kept, in bytes. Default: 8 MiB.
	MaxBody int64 `json:"max_body,omitempty"`

	// How many bytes of answers may be held that are coming in, or that slow clients still read, over all pages. Of
	// those that hold most, what is beyond is not kept, and slow clients get the rest from what is kept or by another
	// request to the application. At least max_body. Default: 128 MiB, or max_body if that is more.
	FillMemory int64 `json:"fill_memory,omitempty"`

	// How many stale pages are fetched in the background at once. Default: 16.
	Revalidations int `json:"revalidations,omitempty"`

	// Whether pages that are asked for often are compressed on their way each time, and not once for all.
	PrecompressOff bool `json:"precompress_off,omitempty"`
}

// Check refuses bounds that cannot be meant.
func (s Settings) Check() error {
	maxBody := cmp.Or(s.MaxBody, pagecache.DefaultMaxBody)
	switch {
	case s.Memory < -1 || s.Memory > 0 && s.Memory < leases.Least:
		return fmt.Errorf("memory must be at least 8KiB, or off; found %d bytes", s.Memory)
	case s.CacheSize < 0 || s.CacheSize > 0 && s.CacheSize < leases.Least:
		return fmt.Errorf("cache_size must be at least 8KiB, found %d bytes", s.CacheSize)
	case s.MaxBody < 0:
		return errors.New("max_body must not be negative")
	case s.FillMemory < 0:
		return errors.New("fill_memory must not be negative")
	case s.FillMemory > 0 && s.FillMemory < maxBody:
		return fmt.Errorf("fill_memory must be at least max_body (%d bytes), found %d bytes: nothing larger could be kept",
			maxBody, s.FillMemory)
	case s.Revalidations < 0:
		return errors.New("revalidations must not be negative")
	}
	return nil
}

func (s Settings) storeSize() (disk, memory int64) {
	return cmp.Or(s.CacheSize, defaultPageCache), cmp.Or(s.Memory, defaultPageMemory)
}

// neverRecheck stands for `recheck off`.
const neverRecheck = caddy.Duration(-1)

// SiteSettings says how the pages of a site are kept.
type SiteSettings struct {
	// Whether no pages are kept. Default: those of zones with a build are, and those of all others where there is a
	// `cache`.
	Off bool `json:"off,omitempty"`

	// Names of query parameters that say nothing of the page, which may end in `*`: `utm_*`.
	IgnoreQuery []string `json:"ignore_query,omitempty"`

	// Paths whose answers are for everybody where Next.js marks them so, though middleware, or rules that only Next.js
	// can evaluate, decide about them: `/blog/*`, `/about`. Middleware does not see the requests that are answered with
	// what is kept.
	Allow []string `json:"allow,omitempty"`

	// The header of the application's answers in which it says their cache tags, separated by commas. It is removed.
	// Default: `X-Next-Cache-Tags`.
	TagsHeader string `json:"tags_header,omitempty"`

	// How often at most Next.js is asked, in the background, whether a page that it has called fresh for longer has
	// changed: it does not say so when revalidateTag and revalidatePath are called. -1: never. Default: 10s.
	Recheck caddy.Duration `json:"recheck,omitempty"`

	// How long a page that is no longer fresh stands in for an application that fails or does not answer. Default: 0,
	// not at all.
	StaleIfError caddy.Duration `json:"stale_if_error,omitempty"`
}

// Check refuses settings that cannot be meant. s may be nil.
func (s *SiteSettings) Check() error {
	if s == nil {
		return nil
	}
	for _, glob := range s.IgnoreQuery {
		if err := policy.CheckIgnoreQuery(glob); err != nil {
			return fmt.Errorf("ignore_query %s: %w", glob, err)
		}
	}
	for _, path := range s.Allow {
		if err := checkPattern(path); err != nil {
			return fmt.Errorf("allow %s: %w", path, err)
		}
	}
	if s.TagsHeader != "" && !httpguts.ValidHeaderFieldName(s.TagsHeader) {
		return fmt.Errorf("tags_header %q is no name of a header", s.TagsHeader)
	}
	if s.Recheck < 0 && s.Recheck != neverRecheck {
		return fmt.Errorf("recheck %s is negative", time.Duration(s.Recheck))
	}
	if s.StaleIfError < 0 {
		return fmt.Errorf("stale_if_error %s is negative", time.Duration(s.StaleIfError))
	}
	return nil
}

// State is what the handlers of one configuration keep pages with.
type State struct {
	settings Settings
	*pooledPages
}

// pooledPages outlive the configurations that use them.
type pooledPages struct {
	*leases.Store
	Cache *pagecache.Cache
}

// Destruct implements caddy.Destructor.
func (p *pooledPages) Destruct() error {
	p.Cache.Close()
	return p.Store.Destruct()
}

// Lease opens the store of pages below the state directory, or shares the one that is open.
func Lease(state string, settings Settings, log *zap.Logger) (*State, error) {
	pooled, err := leases.Lease(state, "pages", func(dir string) (*pooledPages, error) {
		return openPages(dir, settings, log.Named("pages"))
	})
	if err != nil {
		return nil, err
	}
	return &State{settings: settings, pooledPages: pooled}, nil
}

func openPages(dir string, settings Settings, log *zap.Logger) (*pooledPages, error) {
	disk, memory := settings.storeSize()
	store, err := leases.Open("pages", dir, disk, memory, log)
	if err != nil {
		return nil, err
	}
	cache, err := pagecache.New(store.Blobs, settings.engine(log))
	if err != nil {
		return nil, errors.Join(err, store.Destruct())
	}
	return &pooledPages{Store: store, Cache: cache}, nil
}

func (s Settings) engine(log *zap.Logger) pagecache.Settings {
	return pagecache.Settings{
		MaxBody: s.MaxBody, FillMemory: cmp.Or(s.FillMemory, max(pagecache.DefaultFillMemory, s.MaxBody)),
		Revalidations: s.Revalidations, NoCopies: s.PrecompressOff, Logger: log,
	}
}

// current are those of the configuration that serves, nil without any.
var current atomic.Pointer[State]

// Serve has the metrics report about the pages of the configuration that serves, and applies its bounds. s may be
// nil.
func Serve(s *State, log *zap.Logger) error {
	current.Store(s)
	if s == nil {
		return nil
	}
	if err := s.SetLimits(s.settings.storeSize()); err != nil {
		return err
	}
	if err := s.Cache.SetSettings(s.settings.engine(log.Named("pages"))); err != nil {
		return fmt.Errorf("setting the bounds of the page cache: %w", err)
	}
	return nil
}

// Current is what the configuration that serves keeps pages with, nil without any.
func Current() *State { return current.Load() }
