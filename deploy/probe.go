package deploy

import (
	"context"
	"errors"
	"fmt"
)

// Probe asks an upstream that is drained what the zones that have it ask of theirs, or for any answer where they ask
// nothing. The error says why one of them would not send it requests if it were put back now.
func (f *Fleet) Probe(ctx context.Context, address string) error {
	for _, one := range f.watchersOf(address) {
		member := one.zone().Find(address)
		if member == nil {
			continue // it has left meanwhile
		}
		if err := one.probe(ctx, member.Upstream); err != nil {
			return err
		}
		if state, why := member.decide(nil); state != Healthy {
			return fmt.Errorf("it is %s: %s", state, why)
		}
	}
	return nil
}

// watchersOf returns who looks after the zones that have an upstream.
func (f *Fleet) watchersOf(address string) (list []*watcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, zone := range f.state.Load().Zones {
		if w := f.watchers[id]; w != nil && zone.Find(address) != nil {
			list = append(list, w)
		}
	}
	return list
}

// errSilent says that an upstream has not answered in the time that it has for that.
var errSilent = errors.New("it does not answer in time")

// probe asks an upstream once, out of turn.
func (w *watcher) probe(ctx context.Context, u *Upstream) error {
	why, timeout := isBack, knockTimeout
	if w.health.Mode != HealthOff {
		why, timeout = isHealthy, w.health.Timeout
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errSilent)
	defer cancel()
	err := w.question(limited, u, why)
	if err != nil && errors.Is(context.Cause(limited), errSilent) {
		return errSilent
	}
	return err
}
