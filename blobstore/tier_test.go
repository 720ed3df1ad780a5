package blobstore

import (
	"context"
	"sync/atomic"
)

// sharedStore is a store in the place of a tier, shared by several others.
type sharedStore struct{ *Store }

func (s sharedStore) Get(ctx context.Context, key Key) (meta, body []byte, ok bool, err error) {
	e, ok := s.Store.Get(ctx, key)
	if !ok {
		return nil, nil, false, nil
	}
	defer e.Close()
	body, err = e.ReadAll()
	return append([]byte{}, e.meta...), append([]byte{}, body...), true, err
}

func (s sharedStore) Delete(_ context.Context, key Key) error { s.Store.Delete(key); return nil }

func (s sharedStore) DeleteGroup(_ context.Context, space, group string) error {
	s.Store.DeleteGroup(space, group)
	return nil
}

func (s sharedStore) DeleteSpace(_ context.Context, space string) error {
	s.Store.DeleteSpace(space)
	return nil
}

// tier calls what a test sets before the tier that it wraps.
type tier struct {
	Tier
	before func(ctx context.Context, what string) error
	calls  atomic.Int64
}

func (t *tier) call(ctx context.Context, what string) error {
	t.calls.Add(1)
	return t.before(ctx, what)
}

func (t *tier) Get(ctx context.Context, key Key) (meta, body []byte, ok bool, err error) {
	if err := t.call(ctx, "get"); err != nil {
		return nil, nil, false, err
	}
	return t.Tier.Get(ctx, key)
}

func (t *tier) Put(ctx context.Context, key Key, meta, body []byte) error {
	if err := t.call(ctx, "put"); err != nil {
		return err
	}
	return t.Tier.Put(ctx, key, meta, body)
}

func (t *tier) Delete(ctx context.Context, key Key) error {
	if err := t.call(ctx, "delete"); err != nil {
		return err
	}
	return t.Tier.Delete(ctx, key)
}

func (t *tier) DeleteGroup(ctx context.Context, space, group string) error {
	if err := t.call(ctx, "delete group"); err != nil {
		return err
	}
	return t.Tier.DeleteGroup(ctx, space, group)
}

func (t *tier) DeleteSpace(ctx context.Context, space string) error {
	if err := t.call(ctx, "delete space"); err != nil {
		return err
	}
	return t.Tier.DeleteSpace(ctx, space)
}

// afterGet does something between an answer and its return.
type afterGet struct {
	Tier
	do func()
}

func (a *afterGet) Get(ctx context.Context, key Key) (meta, body []byte, ok bool, err error) {
	defer a.do()
	return a.Tier.Get(ctx, key)
}
