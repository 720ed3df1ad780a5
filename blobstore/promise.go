package blobstore

import (
	"context"
	"fmt"
)

// Promise is an entry that somebody is about to make, before anything of it is known. Delete, DeleteGroup and
// DeleteSpace hold for it as for a Writer: what is made from then on of something older is not stored. It is for one
// goroutine, for one entry, and ends by End.
type Promise struct {
	store *Store
	key   Key
	claim *claim // nil: it was kept, or has ended
}

// Promise announces an entry.
func (s *Store) Promise(key Key) *Promise {
	key = ownKey(key)
	return &Promise{store: s, key: key, claim: s.claims.add(key.id())}
}

// Put keeps the promise, as Store.Put does. The error is ErrDeleted if the key was deleted since Promise: then the key
// keeps what it has.
func (p *Promise) Put(ctx context.Context, meta, body []byte) error {
	if p.claim == nil {
		return fmt.Errorf("storing an entry: %w", errEnded)
	}
	defer p.End()
	return p.store.putClaimed(ctx, p.key, meta, body, p.claim)
}

// Create begins to keep the promise, as Store.Create does. Commit returns ErrDeleted if the key was deleted since
// Promise.
func (p *Promise) Create(meta []byte) (*Writer, error) {
	if p.claim == nil {
		return nil, fmt.Errorf("creating an entry: %w", errEnded)
	}
	w, err := p.store.create(p.key, meta, p.claim)
	if err == nil {
		p.claim = nil // it is the writer's now
	}
	return w, err
}

// End gives up what was promised and not kept. After that it does nothing.
func (p *Promise) End() {
	if p.claim != nil {
		p.store.claims.end(p.claim)
		p.claim = nil
	}
}
