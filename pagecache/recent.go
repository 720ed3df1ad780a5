package pagecache

import (
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

const (
	// notKeptTime is how long it is remembered that an answer was not kept: who asks for it does not wait for another one's head, which would be
	// in vain.
	notKeptTime = 30 * time.Second
	// failTime is how long it is remembered that a page could not be fetched in the background.
	failTime = time.Second
	// troubleTime is how long it is remembered that a page could not be fetched for a client. What may be served on failure is served at once meanwhile,
	// and fetched in the background.
	troubleTime = 30 * time.Second
	// maxRecent bounds the keys of which each of these is remembered.
	maxRecent = 16 << 10
)

// recentKeys are keys that something happened to of late.
type recentKeys struct {
	lasts time.Duration

	mu   sync.Mutex
	keys map[blobstore.Key]recent
}

// recent is something that has happened.
type recent struct {
	until  time.Time // when it is forgotten
	reason Reason
}

func (k *recentKeys) has(key blobstore.Key, now time.Time) bool {
	return k.reason(key, now) != ""
}

// reason is why it has happened; "" if it has not.
func (k *recentKeys) reason(key blobstore.Key, now time.Time) Reason {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last, ok := k.keys[key]; ok && now.Before(last.until) {
		return last.reason
	}
	return ""
}

func (k *recentKeys) add(key blobstore.Key, now time.Time, reason Reason) {
	k.addUntil(key, now.Add(k.lasts), reason)
}

func (k *recentKeys) addUntil(key blobstore.Key, until time.Time, reason Reason) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil || len(k.keys) >= maxRecent {
		k.keys = map[blobstore.Key]recent{} // they come back when it happens again
	}
	k.keys[key] = recent{until, reason}
}

func (k *recentKeys) remove(key blobstore.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, key)
}
