package deploy

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Fleet is the control plane of a process. Commands change its state, one after the other; requests read what it is at
// their moment, by one pointer.
type Fleet struct {
	addresses *Addresses
	journal   *journal
	log       atomic.Pointer[zap.Logger]

	state atomic.Pointer[State]

	mu       sync.Mutex          // held by the command that is carried out
	watchers map[string]*watcher // nil: the fleet has ended
	expiry   *time.Timer         // when the first lease or pause ends
	told     chan struct{}       // wakes who tells of changes; closed when the fleet has ended
	untold   []Change            // guarded by mu
	tell     func(Change)
	done     sync.WaitGroup

	tellMixed func(Mixed)
}

// Settings are those of a Fleet.
type Settings struct {
	// Dir is where decisions of operators are kept. "": they are not.
	Dir string
	// Addresses has the upstreams.
	Addresses *Addresses
	// Tell is called with each change, one at a time and in their order. nil: nobody wants to know.
	Tell func(Change)
	// TellMixed is called when upstreams of a deployment are found to run different builds; for several deployments at
	// once. nil: nobody wants to know.
	TellMixed func(Mixed)
	Log       *zap.Logger
}

// Open returns a fleet that goes on with what is kept. Where that cannot be read or written, it goes on without, and
// says so.
func Open(s Settings) *Fleet {
	f := &Fleet{
		addresses: s.Addresses, watchers: map[string]*watcher{},
		told: make(chan struct{}, 1), tell: s.Tell, tellMixed: s.TellMixed,
	}
	f.SetLog(s.Log)
	holds := kept{map[string]Drained{}, map[string]*Rollout{}}
	f.journal = openJournal(s.Dir, &holds, s.Log)
	f.state.Store(&State{Number: f.journal.number, Zones: map[string]*Zone{}, Drains: holds.drains, Rollouts: holds.rollouts})
	f.done.Go(f.tellChanges)
	f.expiry = time.AfterFunc(never, f.expire)
	return f
}

// SetLog says where the fleet writes what it has to say from now on.
func (f *Fleet) SetLog(log *zap.Logger) { f.log.Store(log) }

// State returns what is known now.
func (f *Fleet) State() *State { return f.state.Load() }

// Do carries out a command. Those of operators are on the disk when it returns; durable says whether they are. The
// error says why it is refused.
func (f *Fleet) Do(c Command) (durable bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do(c)
}

// do carries out a command. f.mu is held.
func (f *Fleet) do(c Command) (durable bool, err error) {
	before, now := f.state.Load(), time.Now()
	after, err := c.apply(before, now)
	if err != nil {
		return false, err
	}
	if after == before {
		return f.keep(c, before, after, now), nil
	}
	after.Number = before.Number + 1
	durable = f.keep(c, before, after, now)
	f.use(before, after)
	f.state.Store(after)
	f.expireLater(after, now)
	f.wake(before, after, now)
	f.tellLater(Changes(before, after))
	return durable, nil
}

// keep writes down what an operator has decided, and reports whether that is on the disk.
func (f *Fleet) keep(c Command, before, after *State, now time.Time) bool {
	one, isNew := record{Number: after.Number, Time: now.UTC()}, false
	switch c := c.(type) {
	case Drain:
		if !after.Drains[c.Address].Durable {
			return false
		}
		one.Drain, isNew = &c, !before.Drains[c.Address].Durable
	case Undrain:
		one.Undrain, isNew = &c, before.Drains[c.Address].Durable
	case rolloutCommand:
		zone := c.zone()
		one.Rollout, isNew = &zoneRollout{zone, after.Rollouts[zone]}, before.Rollouts[zone] != after.Rollouts[zone]
	default:
		return false
	}
	if !f.journal.isOpen() {
		return false
	}
	var err error
	if holds := (kept{after.Drains, after.Rollouts}); isNew {
		err = f.journal.add(one, holds)
	} else {
		err = f.journal.catchUp(holds)
	}
	if err != nil {
		f.log.Load().Error("a decision is not kept over a restart", zap.Error(err))
	}
	return err == nil
}

// use has the zones of a new state use their upstreams, and gives back those that only the former one's had.
func (f *Fleet) use(before, after *State) {
	for id, zone := range after.Zones {
		for _, upstream := range zone.without(before.Zones[id]) {
			f.addresses.Use(upstream.Address)
		}
	}
	for id, zone := range before.Zones {
		for _, upstream := range zone.without(after.Zones[id]) {
			f.addresses.Release(upstream)
		}
	}
}

// Waiting returns how many requests of a zone wait for an upstream.
func (f *Fleet) Waiting(id string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.watchers[id]; w != nil {
		return w.traffic.queue.length.Load()
	}
	return 0
}

// wake has the requests that wait look whether what has changed is for them. f.mu is held.
func (f *Fleet) wake(before, after *State, now time.Time) {
	for id, zone := range after.Zones {
		if w := f.watchers[id]; w != nil && before.Zones[id] != zone {
			w.traffic.queue.poke(now)
		}
	}
}

// maxUntold bounds the changes that nobody has been told of yet.
const maxUntold = 1024

// tellLater has changes be told. f.mu is held.
func (f *Fleet) tellLater(changes []Change) {
	if f.watchers == nil || f.tell == nil || len(changes) == 0 {
		return
	}
	f.untold = append(f.untold, changes...)
	if over := len(f.untold) - maxUntold; over > 0 {
		f.untold = f.untold[over:]
		f.log.Load().Warn("changes of upstreams were not told, as there were too many at once", zap.Int("changes", over))
	}
	select {
	case f.told <- struct{}{}:
	default: // it is awake
	}
}

// tellChanges tells of changes until the fleet ends.
func (f *Fleet) tellChanges() {
	for range f.told {
		f.mu.Lock()
		changes := f.untold
		f.untold = nil
		f.mu.Unlock()
		for _, change := range changes {
			f.tell(change)
		}
	}
}

// Close ends the fleet, and what watches its upstreams. Commands still change the state after it, but nothing is kept
// or told.
func (f *Fleet) Close() error {
	f.mu.Lock()
	watchers := f.watchers
	f.watchers = nil
	f.expiry.Stop()
	f.mu.Unlock()
	if watchers == nil {
		return nil
	}
	for _, w := range watchers {
		w.stop()
	}
	close(f.told)
	f.done.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.journal.close(); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}
