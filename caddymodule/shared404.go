package caddymodule

import "time"

// shared404 is how long caches in front are told to keep a 404 of a zone.
type shared404 struct {
	most  time.Duration
	count func()
}

// shared404 is the bound for an answer on its way from the upstream: none for one that goes into the page cache, which
// keeps it for as long as Next.js says, and tells clients less.
func (a *attempt) shared404() time.Duration {
	if a.fills {
		return 0
	}
	return a.facts.shared404.most
}
