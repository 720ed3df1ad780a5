package imageopt

import (
	"sync"
)

// Bounds of a memo.
const (
	memoEntries = 4096
	memoText    = 1024 // bytes of query and Accept; longer ones are read each time
)

// memo remembers what requests of a zone ask for: the same few queries come with the same few Accept headers, and reading them costs more than
// finding the picture.
type memo struct {
	mu   sync.RWMutex
	list map[memoKey]parsed
}

type memoKey struct{ query, accept string }

// parsed is a request that was read, and what Key says of it.
type parsed struct {
	Request
	name string
}

func (m *memo) get(key memoKey) (parsed, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, ok := m.list[key]
	return found, ok
}

// put remembers a request. When there are too many, all are forgotten: those that are still asked for come again.
func (m *memo) put(key memoKey, value parsed) {
	if len(key.query)+len(key.accept) > memoText {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil || len(m.list) >= memoEntries {
		m.list = make(map[memoKey]parsed)
	}
	m.list[key] = value
}

// parse reads a request.
func (z *Zone) parse(rawQuery, accept string, canEncode func(mime string) bool) (parsed, *Refusal) {
	key := memoKey{rawQuery, accept}
	if found, ok := z.memo.get(key); ok {
		return found, nil
	}
	wanted, refusal := z.Settings.Parse(rawQuery, accept, canEncode)
	if refusal != nil {
		return parsed{}, refusal
	}
	found := parsed{wanted, wanted.Key()}
	z.memo.put(key, found)
	return found, nil
}
