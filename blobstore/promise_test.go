package blobstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keepPromise are the two ways to keep a promise.
var keepPromise = map[string]func(p *Promise, name string, size int) error{
	"put": func(p *Promise, name string, size int) error {
		return p.Put(context.Background(), []byte("meta of "+name), body(name, size))
	},
	"create": func(p *Promise, name string, size int) error {
		w, err := p.Create([]byte("meta of " + name))
		if err != nil {
			return err
		}
		defer w.Abort()
		p.End() // the promise is the writer's now
		if _, err := w.Write(body(name, size)); err != nil {
			return err
		}
		return w.Commit()
	},
}

func TestAPromiseIsKept(t *testing.T) {
	for where, settings := range map[string]Settings{"disk": {Dir: t.TempDir()}, "memory": {}} {
		for how, keep := range keepPromise {
			t.Run(where+", "+how, func(t *testing.T) {
				s := open(t, settings)
				s.Delete(key("a")) // before it was promised
				p := s.Promise(key("a"))
				s.requireMisses(t, "a")
				require.NoError(t, keep(p, "a", block))
				s.requireHas(t, "a", block)
				require.ErrorIs(t, keep(p, "a", 1), errEnded, "it is for one entry")
				p.End()
				s.requireHas(t, "a", block)
				assert.Empty(t, s.claims.open)
			})
		}
	}
}

func TestADeletionHoldsForWhatIsPromised(t *testing.T) {
	for where, settings := range map[string]Settings{"disk": {Dir: t.TempDir()}, "memory": {}} {
		for what, remove := range map[string]func(*Store){
			"key":   func(s *Store) { s.Delete(key("a")) },
			"group": func(s *Store) { s.DeleteGroup("test", "group") },
			"space": func(s *Store) { s.DeleteSpace("test") },
		} {
			for how, keep := range keepPromise {
				t.Run(where+", "+what+", "+how, func(t *testing.T) {
					s := open(t, settings)
					first, second := s.Promise(key("a")), s.Promise(key("a"))
					other := s.Promise(Key{"other", "group", "a"})
					remove(s.Store)
					require.ErrorIs(t, keep(first, "a", block), ErrDeleted)
					s.requireMisses(t, "a")
					s.put(t, "a", 700)
					require.ErrorIs(t, keep(second, "a", block), ErrDeleted)
					s.requireHas(t, "a", 700)
					require.NoError(t, keep(other, "a", 1), "another space has nothing to do with it")
					assert.Empty(t, s.claims.open)
				})
			}
		}
	}
}

func TestAPromiseThatIsNotKeptLeavesNothing(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Size: 1 << 20})
	s.put(t, "a", 700)
	p := s.Promise(key("a"))
	p.End()
	p.End()
	for how, keep := range keepPromise {
		require.ErrorIs(t, keep(p, "a", 1), errEnded, how)
	}
	s.requireHas(t, "a", 700)

	large := s.Promise(key("b"))
	require.ErrorIs(t, large.Put(context.Background(), nil, make([]byte, 2<<20)), ErrRefused)
	_, err := s.Promise(key("c")).Create(make([]byte, 2<<20))
	require.ErrorIs(t, err, ErrRefused)

	require.NoError(t, s.Close())
	late := s.Promise(key("a"))
	require.ErrorIs(t, late.Put(context.Background(), nil, nil), ErrClosed)
	_, err = s.Promise(key("a")).Create(nil)
	require.ErrorIs(t, err, ErrClosed)
}
