package builds

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// zone is a directory with one set of sources of upstreams: what is decided once for all sites that have both.
type zone struct {
	dir     *directory
	sources []string
	subs    []*Subscription // the newest comes last

	taken   *Build // nil: there was none yet
	waiting *Build // is taken when the upstreams run it; nil: none waits
	last    *Build // the one before
	// confirmed says that an upstream has answered with a file of the taken build.
	confirmed         bool
	warnedUnconfirmed bool      // a warning said that no upstream has one
	refused           string    // the hash that could not be taken, so that it is logged once
	loggedWaiting     bool      // the log says that a build waits
	since             time.Time // when it came
	writing           writing
	// mixed says that some upstreams run the one that waits and others do not.
	mixed atomic.Bool
}

// zoneOf returns the zone with these sources, to which fresh may be the next build. A new one goes on with what the
// zone has that has most of them.
func (d *directory) zoneOf(sources []string, fresh *Build) *zone {
	var nearest *zone
	most := 0
	for _, z := range d.zones {
		if !z.mayFollow(fresh) {
			continue
		}
		if isSameSet(z.sources, sources) {
			return z
		}
		if common := countCommon(z.sources, sources); common > most && z.taken != nil {
			nearest, most = z, common
		}
	}
	created := &zone{dir: d, sources: slices.Clone(sources)}
	if nearest != nil {
		created.taken, created.last, created.confirmed = nearest.taken.retain(), nearest.last.retain(), nearest.confirmed
	}
	d.zones = append(d.zones, created)
	return created
}

func countCommon(a, b []string) (common int) {
	for _, source := range a {
		if slices.Contains(b, source) {
			common++
		}
	}
	return common
}

// mayFollow reports whether a build that a new configuration has found is of the application that the zone serves.
// Another directory below the same Source is another application.
func (z *zone) mayFollow(fresh *Build) bool {
	return z.taken == nil || fresh == nil || fresh.Dir == z.taken.Dir
}

func isSameSet(a, b []string) bool {
	return countCommon(a, b) == len(a) && countCommon(b, a) == len(b)
}

// question returns what the upstreams that the newest subscriber knows are asked about a build.
func (z *zone) question(about *Build, file string, waits bool) question {
	newest := z.subs[len(z.subs)-1].options
	return question{about: about, upstreams: newest.Upstreams(), ask: newest.Ask, file: file, waits: waits}
}

// isReady reports whether all who subscribe are watching. Until then nothing is decided: a site is being set up with
// what the zone had when it subscribed.
func (z *zone) isReady() bool {
	return !slices.ContainsFunc(z.subs, func(s *Subscription) bool { return s.every == 0 })
}

// interval is how often the directory is looked at for the zone.
func (z *zone) interval() time.Duration {
	every := never
	for _, s := range z.subs {
		if s.every > 0 {
			every = min(every, s.every)
		}
	}
	if z.waiting != nil {
		return min(every, DefaultInterval) // upstreams are to be asked again
	}
	return every
}

// forEachLabel calls log with the newest subscriber of each label. What is decided for all of them is logged once.
func (z *zone) forEachLabel(log func(*Subscription)) {
	said := map[string]bool{}
	for _, s := range slices.Backward(z.subs) {
		if !said[s.label] {
			said[s.label] = true
			log(s)
		}
	}
}

// notice compares what is in the directory to what the zone has.
func (z *zone) notice(hash string) {
	overdue := z.taken != nil && z.writing.isOverdue()
	switch {
	case hash == z.refused && !overdue || z.waiting != nil && z.waiting.Hash == hash:
	case z.taken != nil && z.taken.Hash == hash:
		z.await(nil) // it was put back
		z.forgetNotes()
		z.writing = writing{}
	default:
		fresh, err := z.dir.find(hash)
		unfinished, isUnfinished := errors.AsType[*nextbuild.UnfinishedError](err)
		if !isUnfinished {
			z.writing = writing{}
		}
		switch {
		case isUnfinished && z.taken != nil && !overdue:
			z.noteWriting(hash, unfinished)
		case err != nil:
			z.writing.late = isUnfinished
			z.refuse(hash, func(s *Subscription) error { return fmt.Errorf("zone %s: %w", s.label, err) })
		case z.taken != nil && fresh.Export == nil && fresh.Dir != z.taken.Dir:
			err = fmt.Errorf("%s has no build any more, and %s is another: name it by `build`, and reload, if it is meant",
				z.taken.Dir, fresh.Dir)
			z.refuse(hash, func(*Subscription) error { return err })
		default:
			z.await(fresh)
		}
	}
}

// await has a build wait in the place of another one. nil: none waits any more.
func (z *zone) await(fresh *Build) {
	old := z.waiting
	if old == fresh {
		return
	}
	z.waiting = fresh.retain()
	z.loggedWaiting, z.since = false, time.Now()
	z.mixed.Store(false)
	z.note("")
	for _, s := range z.subs {
		s.await(fresh)
	}
	old.release()
	if fresh != nil {
		z.forEachLabel(func(s *Subscription) { s.warnOfUnread(fresh) })
	}
}

// note tells all who subscribe what a build waits for.
func (z *zone) note(why string) {
	for _, s := range z.subs {
		s.setNote(why)
	}
}

// forgetNotes ends what was said to those who have the build that is taken.
func (z *zone) forgetNotes() {
	for _, s := range z.subs {
		if s.now != nil && s.now.Hash == z.taken.Hash {
			s.setNote("")
		}
	}
}

// refuse notes that what is in the directory cannot be taken, and why.
func (z *zone) refuse(hash string, why func(*Subscription) error) {
	z.refused = hash
	for _, s := range z.subs {
		s.refuse(why(s))
	}
}

// take puts the build that waits in the place of the one before, which stays for the pages that are open. It is refused
// if no site has a place for it.
func (z *zone) take(confirmed bool) {
	fresh := z.waiting
	var takers []*Subscription
	kept := 0
	for _, s := range z.subs {
		switch s.take(fresh) {
		case took:
			takers = append(takers, s)
		case hasIt:
			kept++
		}
	}
	if len(takers)+kept == 0 {
		z.refused = fresh.Hash
		z.leave()
		return
	}
	z.replace(fresh, confirmed)
	for _, s := range takers {
		s.options.Taken()
		s.log.Info("build taken",
			zap.String("zone", s.label), zap.String("build", fresh.ID), zap.String("next", fresh.NextVersion),
			zap.String("directory", fresh.Dir))
	}
}

// replace notes that a build is taken, and gives back the one before the last.
func (z *zone) replace(fresh *Build, confirmed bool) {
	before, gone := z.taken, z.last
	z.taken, z.last = fresh.retain(), before
	if before != nil && before.Export != nil {
		z.last, gone = nil, before // its pages and their files are replaced together
	}
	gone.release()
	z.confirmed, z.warnedUnconfirmed = confirmed && before != nil, !confirmed
	z.leave()
	z.dir.sweep()
}

// leave ends the wait of a build, which leaves the notes of who has refused it.
func (z *zone) leave() {
	z.waiting.release()
	z.waiting, z.loggedWaiting = nil, false
	z.mixed.Store(false)
}

// close gives back what the zone has.
func (z *zone) close() {
	for _, b := range []*Build{z.taken, z.waiting, z.last} {
		b.release()
	}
	z.taken, z.waiting, z.last = nil, nil, nil
}
