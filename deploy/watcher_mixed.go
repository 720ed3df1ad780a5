package deploy

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// compareBuilds looks again and again whether the upstreams run one build, until ctx ends.
func (w *watcher) compareBuilds(ctx context.Context) {
	ticker := time.NewTicker(cmp.Or(w.settings.Mixed.Every, DefaultMixedEvery))
	defer ticker.Stop()
	for known := (comparison{}); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			known = w.compare(ctx, known)
		}
	}
}

// compare looks once. It returns what is known then.
func (w *watcher) compare(ctx context.Context, known comparison) comparison {
	list := w.fleet.State().compared(w.id)
	if list == nil {
		known.differed = 0
		return known
	}
	if !known.isOf(list) {
		known = w.identify(ctx, list)
	}
	if known.buildID == "" {
		return known
	}
	upstreams := make([]*Upstream, len(list))
	for i, one := range list {
		upstreams[i] = one.Upstream
	}
	replies := RepliesOf(ctx, upstreams, w.put, known.path(w.settings.Mixed.BasePath))
	if ctx.Err() != nil {
		return known
	}
	next, lacks := known.hear(replies)
	if lacks > 0 && w.fleet.tellMixed != nil {
		w.fleet.tellMixed(Mixed{ZoneID: w.id, BuildID: known.buildID, Has: upstreams[0], Lacks: upstreams[lacks]})
	}
	return next
}

// identify asks the first of some upstreams which build it runs. It makes a page for that, so it is asked once, and
// again only where it has not got the question.
func (w *watcher) identify(ctx context.Context, list []sighting) comparison {
	limited, cancel := context.WithTimeout(ctx, identifyTimeout)
	defer cancel()
	question := Question{Path: cmp.Or(w.settings.Mixed.BasePath, "/"), TLS: w.settings.TLS}
	said, err := list[0].Identify(limited, question)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return comparison{}
	}
	return comparisonOf(list, said)
}
