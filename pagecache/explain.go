package pagecache

import (
	"net/http"
	"slices"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// Explanation is what the cache would do with a request, and what it has for it.
type Explanation struct {
	// Result is how the request would be answered.
	Result Result
	Key    blobstore.Key
	// Kept says that there is an entry that may be of use. What follows is about it.
	Kept      bool
	Status    int
	Size      int64         // of the body, in bytes
	Age, Left time.Duration // Left is negative if it is stale
	Tags      []string
}

// Explain says what Serve would do, and does nothing of it.
func (c *Cache) Explain(r *http.Request, f Facts) Explanation {
	if reason := c.policy.ForRequest(r, f); reason != "" {
		return Explanation{Result: Result{ResultBypass, reason}}
	}
	found, ok := c.look(r, &f)
	defer found.close()
	if !ok {
		return Explanation{Result: Result{ResultBypass, ReasonVary}}
	}
	e := Explanation{Result: Result{ResultMiss, found.reason}, Key: found.key}
	switch found.condition {
	case fresh:
		e.Result.Kind = ResultHit
	case stale:
		e.Result.Kind = ResultStale
	case absent:
		return e
	}
	e.Kept, e.Status, e.Size = true, found.meta.status, found.entry.Size()
	e.Age, e.Left, e.Tags = found.meta.age(f.Now), found.meta.left(f.Now), slices.Collect(found.meta.eachTag)
	return e
}
