package edge

import "time"

// Shared404 is how long caches in front are told to keep a 404 of a zone.
type Shared404 struct {
	Most  time.Duration
	Count func()
}

// Shared404 is the bound for an answer on its way from the upstream: none for one that goes into the page cache, which
// keeps it for as long as Next.js says, and tells clients less.
func (a *Request) Shared404() time.Duration {
	if a.Fills {
		return 0
	}
	return a.Zone.Shared404.Most
}
