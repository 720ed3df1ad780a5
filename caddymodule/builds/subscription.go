package builds

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Options say what a zone of a site subscribes to.
type Options struct {
	Source Source
	// Sources are where its upstreams come from, as they are written. Zones that have a directory and all of them in
	// common are one application.
	Sources []string
	// Upstreams returns those that are asked now which build they run.
	Upstreams func() []*deploy.Upstream
	// Ask asks one of them (Upstream.Ask).
	Ask deploy.Asker
	// Files says how the files are served.
	Files assets.Settings
	// Label names the zone in what is said.
	Label string
	Log   *zap.Logger
	// MayLack has the zone begin without a build that is missing or half-written.
	MayLack bool
	// Take serves the zone from another build. Its error refuses that: the zone stays with the one it has, which
	// stays open. When Take has returned nil, the one before the last is closed.
	Take func(*Snapshot) error
	// Taken is called when all subscribers of the zone have taken a build, and the one before the last is closed.
	Taken func()
	// Refused is called for each build that is not taken.
	Refused func()
	// Unfinished is called where another build is being written.
	Unfinished func()
}

// Subscription is one zone of one site: the build that it is served from, and those beside it. A nil one is that of a
// zone that names no build.
type Subscription struct {
	zone     *zone
	label    string
	log      *zap.Logger
	settings assets.Settings
	options  Options
	giveBack func() error

	// These are guarded by the mutex of the directory.
	now     *Snapshot     // nil: there was none yet
	every   time.Duration // 0: it is not watching yet
	refused *refusal      // the build for which the site has no place; nil: none
	closed  bool

	beside atomic.Pointer[beside]
	// note is what a build waits for, or why it was refused. "": neither is.
	note atomic.Pointer[string]
	// missing is why there is no build yet. nil: there is one.
	missing atomic.Pointer[string]
}

// beside are the builds beside the one that a zone is served from: the next one, which the upstreams do not run yet,
// and those before, whose pages are still open in browsers.
type beside struct {
	waiting *Snapshot
	last    []*Snapshot
}

// refusal is why a build was not taken.
type refusal struct {
	hash string
	err  error
}

// Begin returns the build that the zone begins with, nil if it has none yet.
func (s *Subscription) Begin() *Snapshot {
	if s == nil {
		return nil
	}
	s.zone.dir.mu.Lock()
	defer s.zone.dir.mu.Unlock()
	return s.now
}

// Watch has the subscriber be told of builds to take from now on. The directory is looked at every so often; 0 stands
// for DefaultInterval.
func (s *Subscription) Watch(every time.Duration) {
	if s == nil {
		return
	}
	d := s.zone.dir
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.closed {
		return
	}
	s.every = cmp.Or(every, DefaultInterval)
	d.start()
}

// Close gives the builds back. When it returns, neither Take nor Refused is called any more.
func (s *Subscription) Close() error {
	if s == nil {
		return nil
	}
	d := s.zone.dir
	d.mu.Lock()
	if s.closed {
		d.mu.Unlock()
		return nil
	}
	err := d.drop(s)
	d.mu.Unlock()
	return errors.Join(err, s.giveBack())
}

// Waiting returns the build that the upstreams do not run yet, nil if none waits.
func (s *Subscription) Waiting() *Build {
	if s == nil || s.beside.Load().waiting == nil {
		return nil
	}
	return s.beside.Load().waiting.Build
}

// WaitingID is the id of the build that the upstreams do not run yet, "" if none waits.
func (s *Subscription) WaitingID() string {
	if waiting := s.Waiting(); waiting != nil {
		return waiting.ID
	}
	return ""
}

// Mixed reports whether some upstreams run the build that waits and others do not: nothing that they answer is of one
// build.
func (s *Subscription) Mixed() bool { return s != nil && s.zone.mixed.Load() }

// Note returns what a build waits for, or why it was refused, in a sentence. "": neither is.
func (s *Subscription) Note() string { return s.text(func() *string { return s.note.Load() }) }

// Missing returns why there is no build yet. "": there is one.
func (s *Subscription) Missing() string { return s.text(func() *string { return s.missing.Load() }) }

func (s *Subscription) text(of func() *string) string {
	if s == nil {
		return ""
	}
	if text := of(); text != nil {
		return *text
	}
	return ""
}

// Other returns the files of a build beside the one that the zone is served from, if one of them has the file at a path
// below the basePath; else nil. A document may come from one process and its scripts be asked of another.
func (s *Subscription) Other(path string) *assets.Set {
	if s == nil {
		return nil
	}
	others := s.beside.Load()
	if others.waiting != nil && others.waiting.Export == nil && others.waiting.Files.Has(path) {
		return others.waiting.Files
	}
	for _, other := range others.last {
		if other.Files.Has(path) {
			return other.Files
		}
	}
	return nil
}

// subscribe adds a subscription.
func (d *directory) subscribe(o Options) (*Subscription, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh, err := d.current()
	if err != nil && !o.MayLack {
		return nil, errors.Join(err, d.collect())
	}
	s := &Subscription{label: o.Label, log: o.Log, settings: o.Files, options: o, zone: d.zoneOf(o.Sources, fresh)}
	begin := s.zone.begin(fresh)
	s.zone.subs = append(s.zone.subs, s)
	s.beside.Store(&beside{last: s.snapshots(s.zone.last)})
	s.await(s.zone.waiting)
	if begin == nil {
		s.beginWithout(err)
		return s, nil
	}
	s.now = begin.snapshot(s.settings)
	s.warnOfUnread(begin)
	d.sweep()
	return s, nil
}

// begin returns what a new subscriber begins with, nil if there is nothing. fresh is what is in the directory, and
// waits if the upstreams do not run it; nil: it could not be read.
func (z *zone) begin(fresh *Build) *Build {
	switch {
	case fresh == nil || fresh == z.taken:
		return z.taken
	case z.taken == nil && len(z.subs) == 0:
		z.taken = fresh.retain()
	case z.taken == nil || fresh.Export != nil && fresh.Hash != z.taken.Hash:
		z.await(fresh) // it is for the others, who are told soon
	case fresh.Hash == z.taken.Hash:
		z.taken.release()
		z.taken = fresh.retain() // its files have changed
	default:
		z.refused = "" // the new configuration may have a place for it
		z.await(fresh)
		return z.taken
	}
	return fresh
}

// beginWithout has a zone begin as one that names no build: the other sites are served meanwhile.
func (s *Subscription) beginWithout(err error) {
	err = fmt.Errorf("zone %s: %w", s.label, err)
	why := err.Error()
	s.missing.Store(&why)
	s.log.Error("the zone starts without its build, which is taken when it is whole: "+
		"until then nothing of it is kept, and files and pictures come from Next.js",
		zap.String("zone", s.label), zap.Error(err))
}

// drop gives back what a subscription has, and its zone with the last one.
func (d *directory) drop(s *Subscription) error {
	s.closed = true
	z, others := s.zone, s.beside.Swap(new(beside))
	err := closeAll(append(others.last, s.now, others.waiting)...)
	s.now = nil
	z.subs = slices.DeleteFunc(z.subs, func(other *Subscription) bool { return other == s })
	if len(z.subs) == 0 {
		z.close()
		d.zones = slices.DeleteFunc(d.zones, func(other *zone) bool { return other == z })
	}
	return errors.Join(err, d.collect())
}

// snapshots returns the snapshot of a build, or none if it is nil.
func (s *Subscription) snapshots(b *Build) []*Snapshot {
	if b == nil {
		return nil
	}
	return []*Snapshot{b.snapshot(s.settings)}
}
