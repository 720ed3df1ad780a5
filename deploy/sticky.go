package deploy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// Affinity says at which upstream a request should be, as long as that is fit. The zero value says nothing.
type Affinity struct {
	// Upstream is the one that its cookie names. nil: none.
	Upstream *Upstream
	// Key is KeyOf what its header says, 0 for nothing. Requests of one key go to one upstream, and where upstreams
	// come or go only those keys move that must (rendezvous hashing); edges with the same upstreams agree.
	Key uint64
}

// KeyOf returns the key of a text.
func KeyOf(text string) uint64 { return max(xxhash.Sum64String(text), 1) }

// score is how much a key belongs to an upstream. The steps are those of SplitMix64: each bit of both changes all of
// it.
func score(key uint64, u *Upstream) uint64 {
	x := key ^ u.addressHash()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// maxNames bounds the names that are kept: upstreams of DNS come and go.
const maxNames = 1024

// CookieNames knows upstreams by names that cookies can have. A name says nothing of the address.
type CookieNames struct {
	secret []byte
	mu     sync.RWMutex
	names  map[Address]string
}

// NewCookieNames returns names that only who knows the secret can make.
func NewCookieNames(secret []byte) *CookieNames {
	return &CookieNames{secret: secret, names: map[Address]string{}}
}

// Of returns the name of an upstream.
func (c *CookieNames) Of(u *Upstream) string {
	c.mu.RLock()
	name, ok := c.names[u.Address]
	c.mu.RUnlock()
	if ok {
		return name
	}
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte(u.String()))
	name = base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.names) >= maxNames {
		clear(c.names)
	}
	c.names[u.Address] = name
	return name
}
