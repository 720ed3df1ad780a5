package deploy

import (
	"cmp"
	"context"
	"crypto/tls"
	"slices"
	"sync/atomic"
	"time"
)

// Rotation gives the requests of a zone their upstreams, as one configuration wants it. Its methods may be called at
// once from many requests.
type Rotation struct {
	fleet     *Fleet
	id        string
	sources   []Source
	balance   Balance
	waits     QueueSettings
	mayRepeat bool
	traffic   *traffic
	found     <-chan struct{}
	last      atomic.Pointer[Zone] // what was known when it was left
}

// traffic is what the requests of a zone have in common, whichever configuration they began under.
type traffic struct {
	turn      atomic.Uint64
	faults    faults
	queue     queue
	repeats   repeats
	crossings chan crossing              // for who looks after the upstreams
	tls       atomic.Pointer[tls.Config] // WatchSettings.TLS
}

// ZoneSettings say what a configuration has of a zone.
type ZoneSettings struct {
	// ID is the zone's name and its configuration as written, and the id of a deployment that was ordered.
	ID, Name string
	// Deployment is that of the zone which the upstreams serve. "": that of the configuration.
	Deployment string
	Sources    []Source
	Balance    Balance
	Queue      QueueSettings
	// Repeats says that requests may be sent once more (Rotation.MayRepeat).
	Repeats bool
	Watch   WatchSettings
}

// Join has the fleet know a zone, and returns its rotation, which is to be left. A zone that others have goes on as it
// is: its upstreams are looked after as they say, until Serve.
func (f *Fleet) Join(s ZoneSettings) *Rotation {
	join := Join{
		ID: s.ID, Name: s.Name, Deployment: cmp.Or(s.Deployment, ConfigDeployment),
		Sources: s.Sources, Upstreams: make([]*Upstream, len(s.Sources)),
		Checked: s.Watch.Health.Mode != HealthOff,
	}
	for i, source := range s.Sources {
		if source.Kind == FixedSource {
			join.Upstreams[i] = f.addresses.Use(source.Address)
			defer f.addresses.Release(join.Upstreams[i]) // the zone uses it then
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _ = f.do(join) // it is never refused
	if f.watchers[s.ID] == nil {
		f.watchers[s.ID] = newWatcher(f, s, &traffic{crossings: make(chan crossing, maxCrossings)})
	}
	w := f.watchers[s.ID]
	return &Rotation{fleet: f, id: s.ID, sources: s.Sources, balance: s.Balance, waits: s.Queue, mayRepeat: s.Repeats, traffic: w.traffic, found: w.found}
}

// Serve says how the upstreams of a zone are looked after from now on.
func (f *Fleet) Serve(id string, s WatchSettings) {
	f.mu.Lock()
	before := f.watchers[id]
	if before == nil || before.settings.equal(s) {
		f.mu.Unlock()
		return
	}
	f.watchers[id] = newWatcher(f, ZoneSettings{ID: id, Sources: before.sources, Watch: s}, before.traffic)
	if s.Health.Mode == HealthOff {
		_, _ = f.do(Unwatch{id}) // it is never refused
	}
	f.mu.Unlock()
	before.stop()
}

// Leave undoes Join. Requests that still run may go on to use the rotation: where the zone ends with it, they get the
// upstreams that it had.
func (r *Rotation) Leave() {
	f := r.fleet
	f.mu.Lock()
	r.last.Store(f.state.Load().Zones[r.id])
	_, _ = f.do(Leave{r.id}) // it was joined
	var watcher *watcher
	if f.state.Load().Zones[r.id] == nil {
		watcher = f.watchers[r.id]
		delete(f.watchers, r.id)
	}
	f.mu.Unlock()
	if watcher != nil {
		watcher.stop()
		r.traffic.queue.end()
	}
}

// none is what is known of a zone that has no upstreams.
var none Zone

// Found is closed when DNS was asked once for each of the sources.
func (r *Rotation) Found() <-chan struct{} { return r.found }

// ID is that of the zone in the state.
func (r *Rotation) ID() string { return r.id }

// Zone returns what is known of the zone now, or was when it ended. A nil rotation is that of a zone without upstreams.
func (r *Rotation) Zone() *Zone {
	if r == nil {
		return &none
	}
	if zone := r.fleet.State().Zones[r.id]; zone != nil {
		return zone
	}
	if zone := r.last.Load(); zone != nil {
		return zone
	}
	return &none
}

// Sources returns where the upstreams come from, as the configuration lists them.
func (r *Rotation) Sources() []Source {
	if r == nil {
		return nil
	}
	return r.sources
}

// Upstreams returns those that the zone has now and that are not drained.
func (r *Rotation) Upstreams() (list []*Upstream) {
	for _, member := range r.Zone().Deployment.Members {
		if member.State != Draining {
			list = append(list, member.Upstream)
		}
	}
	return list
}

// Ask asks an upstream of the zone, as who looks after it does (Upstream.Ask).
func (r *Rotation) Ask(ctx context.Context, u *Upstream, q Question) (status int, err error) {
	q.TLS = r.traffic.tls.Load()
	return u.Ask(ctx, q)
}

// IsLimited reports whether upstreams are to have no more than some number of requests at a time.
func (r *Rotation) IsLimited() bool { return r.balance.MaxConcurrent > 0 }

// Pick chooses the upstream for the next try of a request that has tried the given ones, and counts the try, which is
// to be ended. The errors are ErrNoUpstream and ErrBusy.
func (r *Rotation) Pick(now time.Time, tried []*Upstream, belongs Affinity) (Try, error) {
	try, err := r.Zone().pick(r.balance, r.traffic.turn.Add(1), now, tried, belongs)
	if r.IsLimited() {
		try.queue = &r.traffic.queue
	}
	return try, err
}

// HasQueue reports whether requests may wait for an upstream.
func (r *Rotation) HasQueue() bool { return r.waits.Size > 0 }

// MustWait reports whether a request that comes now has to wait before it is sent: others do, or nothing would answer.
func (r *Rotation) MustWait() bool { return r.traffic.queue.length.Load() > 0 || r.Zone().isHeld }

// Deadline is until when a request that begins to wait now may.
func (r *Rotation) Deadline(now time.Time) time.Time { return now.Add(r.waits.Within) }

// Takers is how many upstreams of the zone take requests.
func (r *Rotation) Takers() (count int) {
	for _, group := range r.Zone().groups {
		count += len(group)
	}
	return count
}

// HasUntried reports whether the zone has an upstream that takes requests and is none of those that were tried.
func (r *Rotation) HasUntried(tried []*Upstream) bool {
	for _, group := range r.Zone().groups {
		for _, member := range group {
			if !slices.Contains(tried, member.Upstream) {
				return true
			}
		}
	}
	return false
}

// Refused notes that no connection to an upstream could be made. It is out of rotation until it answers again.
func (r *Rotation) Refused(u *Upstream, err error) {
	r.report(crossing{kind: refused, upstream: u, why: "no connection: " + err.Error()})
}

// maxResets is how many connections in a row may end before an answer has begun.
const maxResets = 3

// Reset notes that a connection has ended before the answer to a request has begun.
func (r *Rotation) Reset(u *Upstream) {
	if u.resets.Add(1) == maxResets {
		u.resets.Store(0)
		r.report(crossing{kind: faulty, upstream: u, why: "it closes connections before it answers"})
		return
	}
	r.report(crossing{kind: broken, upstream: u})
}

// Answered notes with which status an upstream has answered a request of a route.
func (r *Rotation) Answered(u *Upstream, route string, status int, now time.Time) {
	if !r.Zone().Answered {
		r.report(crossing{kind: answered, upstream: u})
	}
	if r.traffic.faults.note(u, route, status, now) {
		r.report(crossing{kind: erring, upstream: u, why: "it fails where others answer"})
	}
}

// Says notes which deployment an upstream says it is (x-nextjs-deployment-id), and returns another one of the zone that
// says it is another; nil: there is none, or nothing is new.
func (r *Rotation) Says(u *Upstream, deployment string) (other *Upstream, otherDeployment string) {
	if before := u.says.Load(); before != nil && *before == deployment {
		return nil, ""
	}
	u.says.Store(&deployment)
	for _, member := range r.Zone().Deployment.Members {
		if said := member.says.Load(); said != nil && *said != deployment && member.State != Draining {
			return member.Upstream, *said
		}
	}
	return nil, ""
}

// report tells who looks after the upstreams. What is too much for them now they will see again.
func (r *Rotation) report(c crossing) {
	select {
	case r.traffic.crossings <- c:
	default:
	}
}
