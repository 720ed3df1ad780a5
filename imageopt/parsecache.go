package imageopt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
)

// Bounds of a memo.
const (
	parseCacheEntries = 4096
	parseCacheText    = 1024 // bytes of query and Accept; longer ones are read each time
)

// parseCache remembers what requests of a zone ask for: the same few queries come with the same few Accept headers, and
// reading them costs more than finding the picture.
type parseCache struct {
	mu   sync.RWMutex
	list map[parseKey]parsed
}

type parseKey struct{ query, accept string }

// isRemembered reports whether a request with the key is short enough to be remembered.
func (k parseKey) isRemembered() bool { return len(k.query)+len(k.accept) <= parseCacheText }

// parsed is a request that was read, and what Key says of it.
type parsed struct {
	Request
	name string
}

func (m *parseCache) get(key parseKey) (parsed, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, ok := m.list[key]
	return found, ok
}

// put remembers a request. When there are too many, all are forgotten: those that are still asked for come again. Key
// and value must hold nothing else of the request.
func (m *parseCache) put(key parseKey, value parsed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil || len(m.list) >= parseCacheEntries {
		m.list = make(map[parseKey]parsed)
	}
	m.list[key] = value
}

// parse reads a request.
func (z *Zone) parse(rawQuery, accept string, canEncode func(mime string) bool) (parsed, *Refusal) {
	key := parseKey{rawQuery, accept}
	if found, ok := z.parseCache.get(key); ok {
		return found, nil
	}
	if key.isRemembered() {
		// Both are cut from all that the client has sent, and what is parsed is cut from them.
		key = parseKey{strings.Clone(rawQuery), strings.Clone(accept)}
	}
	wanted, refusal := z.Settings.Parse(key.query, key.accept, canEncode)
	if refusal != nil {
		return parsed{}, refusal
	}
	found := parsed{wanted, wanted.Key()}
	if key.isRemembered() {
		z.parseCache.put(key, found)
	}
	return found, nil
}

// keyVersion changes when answers under the same key would differ from older ones.
const keyVersion = 1

// Key names the answer to a request among those of one zone: the source, the width, the quality and the format. Each
// part goes in with its length, where Next.js puts them one behind the other, so that no source can be written to look
// like another one with another width. What else a request carries has no part in it. It is of letters, digits, "-" and
// "_".
func (r Request) Key() string {
	var b []byte
	b = append(b, keyVersion)
	for _, text := range []string{r.Href, r.Format} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = binary.AppendVarint(b, int64(r.Width))
	b = binary.AppendVarint(b, int64(r.Quality))
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
