package caddymodule

import (
	"fmt"
	"path/filepath"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddyserver/caddy/v2"
)

// storePool holds a *pooledStore for each directory that a loaded configuration keeps things in, by that directory.
var storePool = caddy.NewUsagePool()

type pooledStore struct {
	name  string // in metrics
	store *blobstore.Store
}

// Destruct implements caddy.Destructor.
func (p *pooledStore) Destruct() error { return p.store.Close() }

func (p *pooledStore) pooled() *pooledStore { return p }

// storeDir is where a store is below the state directory.
func storeDir(state, name string) (string, error) {
	if state == "" {
		state = filepath.Join(caddy.AppDataDir(), "nextjs")
	}
	dir, err := filepath.Abs(filepath.Join(caddy.NewReplacer().ReplaceKnown(state, ""), name))
	if err != nil {
		return "", fmt.Errorf("finding the state directory: %w", err)
	}
	return dir, nil
}

// LeastKept is the least that a bound of a store may be (bytes): it counts in blocks of 4 KiB.
const leastKept = 8 << 10
