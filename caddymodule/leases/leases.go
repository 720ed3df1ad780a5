// Package leases has the stores of the process. Configurations that name one directory share its store, and it stays
// open as long as one of them is loaded.
package leases

import (
	"fmt"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// Least is the least that a bound of a store may be (bytes): it counts in blocks of 4 KiB.
const Least = 8 << 10

// pool holds what was opened for each directory, by that directory: a *Store, what embeds one, or something else.
var pool = caddy.NewUsagePool()

// Store is a store, and its name in metrics.
type Store struct {
	name, dir string
	Blobs     *blobstore.Store
}

// Open opens the store in a directory. Bounds are in bytes; a memory of -1 is none.
func Open(name, dir string, disk, memory int64, log *zap.Logger) (*Store, error) {
	blobs, err := blobstore.Open(blobstore.Settings{Dir: dir, Size: disk, Memory: memory, Logger: log})
	if err != nil {
		return nil, err //nolint:wrapcheck // Lease says what was being done
	}
	return &Store{name, dir, blobs}, nil
}

// Destruct implements caddy.Destructor.
func (s *Store) Destruct() error { return s.Blobs.Close() }

func (s *Store) pooled() *Store { return s }

// SetLimits changes the bounds, given as for Open.
func (s *Store) SetLimits(disk, memory int64) error {
	if err := s.Blobs.SetLimits(disk, memory); err != nil {
		return fmt.Errorf("setting the bounds of the store in %s: %w", s.dir, err)
	}
	return nil
}

// Release gives a lease back. The last one closes the store.
func (s *Store) Release() error { return Release(s.dir) }

// Release gives back what Lease has opened in a directory. The last one closes it.
func Release(dir string) error {
	if _, err := pool.Delete(dir); err != nil {
		return fmt.Errorf("closing the store in %s: %w", dir, err)
	}
	return nil
}

// Lease returns what is kept under a name below the state directory, opened by open if nobody has it yet. A state of ""
// stands for `nextjs` in Caddy's data directory. The lease is given back by Release.
func Lease[T caddy.Destructor](state, name string, open func(dir string) (T, error)) (leased T, err error) {
	if state == "" {
		state = filepath.Join(caddy.AppDataDir(), "nextjs")
	}
	dir, err := filepath.Abs(filepath.Join(caddy.NewReplacer().ReplaceKnown(state, ""), name))
	if err != nil {
		return leased, fmt.Errorf("finding the state directory: %w", err)
	}
	value, _, err := pool.LoadOrNew(dir, func() (caddy.Destructor, error) { return open(dir) })
	if err != nil {
		return leased, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	return value.(T), nil
}
