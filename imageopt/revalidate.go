package imageopt

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// revalidate makes a stale picture again in the background, if its source has changed. Requests meanwhile get the old
// one. When the source fails, the old one is fresh again, for clients for 3 to 30 seconds, as in Next.js
// (response-cache/index.js).
func (o *Optimizer) revalidate(z *Zone, key blobstore.Key, wanted Request, local localSource) {
	o.flights.Start(key, func(ctx context.Context) (*picture, error) {
		promise := o.store.Promise(key)
		defer promise.End()
		old := o.kept(ctx, z, key)
		if old == nil {
			return o.makeAndKeep(ctx, z, promise, wanted, local)
		}
		defer old.close()
		if !old.stale(o.now()) {
			return old.renewed() // another one was quicker
		}
		o.stats.revalidations.Add(1)
		made, err := o.make(ctx, z, wanted, local, old)
		switch {
		case err == nil:
			o.keep(ctx, z, promise, made)
			return made, nil
		case errors.Is(err, ErrBusy), errors.Is(err, context.Canceled):
			return nil, err // it is no fault of the source
		}
		o.stats.failedRevalidations.Add(1)
		z.report(wanted, err, true)
		last, readErr := old.renewed()
		if readErr != nil {
			return nil, readErr
		}
		last.maxAge = min(max(old.maxAge, 3), 30)
		last.expires = o.now().Add(z.Settings.freshFor(last.maxAge))
		o.keep(ctx, z, promise, last)
		return last, nil
	})
}

// freshFor is how long a picture is fresh in the store.
func (s *Settings) freshFor(maxAge int) time.Duration {
	return time.Duration(max(maxAge, s.MinimumCacheTTL)) * time.Second
}
