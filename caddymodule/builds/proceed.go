package builds

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// question is what the upstreams of a zone are asked.
type question struct {
	about     *Build
	upstreams []*deploy.Upstream
	ask       deploy.Asker
	file      string // the path of a file that only the build has; "": there is nothing to ask for
	waits     bool   // the build is not taken yet
}

// proceed asks the upstreams whether they run the build that waits, and takes it if they do. Where none waits, it asks
// about the one that is taken, until it was seen to run: then their word counts when they do not have the files of the
// next one.
func (z *zone) proceed(ctx context.Context) {
	q := z.next()
	if q.about == nil {
		return
	}
	answers := []reply{unclear}
	if q.file != "" {
		answers = deploy.RepliesOf(ctx, q.upstreams, q.ask, q.file)
	}
	z.dir.mu.Lock()
	defer z.dir.mu.Unlock()
	switch {
	case ctx.Err() != nil || !z.isReady():
	case q.waits && q.about == z.waiting:
		z.judge(q, answers)
	case !q.waits && q.about == z.taken:
		z.confirm(q, answers)
	}
	z.dir.sweep()
}

// next returns what is to be asked. A build that no file tells apart is taken at once.
func (z *zone) next() question {
	z.dir.mu.Lock()
	defer z.dir.mu.Unlock()
	fresh := z.waiting
	switch {
	case !z.isReady():
		return question{}
	case fresh == nil:
		return z.questionAboutTaken()
	case fresh.Export != nil || z.taken == nil || len(z.sources) == 0:
		z.take(true)
	default:
		proof := distinctFile(fresh.Build, z.taken.Build)
		if proof != "" || len(fresh.Static) == 0 {
			return z.question(fresh, proof, true)
		}
		z.take(true) // its scripts are those of the one before
	}
	z.dir.sweep()
	return question{}
}

// questionAboutTaken returns what is to be asked about the build that is taken.
func (z *zone) questionAboutTaken() question {
	if z.taken == nil || z.confirmed || z.taken.Export != nil {
		return question{}
	}
	proof := distinctFile(z.taken.Build, nil)
	if proof != "" {
		return z.question(z.taken, proof, false)
	}
	if !z.warnedUnconfirmed {
		z.warnedUnconfirmed = true
		z.forEachLabel(func(s *Subscription) {
			s.log.Warn("the build has no .next/static, so its scripts come from Next.js, if that has them: copy it there",
				zap.String("zone", s.label), zap.String("build", z.taken.ID), zap.String("directory", z.taken.Dir))
		})
	}
	return question{}
}

// confirm notes whether the application runs the build that is taken.
func (z *zone) confirm(q question, answers []reply) {
	z.confirmed = slices.Contains(answers, has)
	if z.confirmed || z.warnedUnconfirmed || !slices.Contains(answers, hasNot) {
		return
	}
	z.warnedUnconfirmed = true
	z.forEachLabel(func(s *Subscription) {
		s.log.Warn("the application does not answer with the files of its build, so nobody can tell when it runs another: "+
			"start it again if it was built since, give it its .next/static, name the directory that it was started in, "+
			"or look whether the upstream is another application",
			zap.String("zone", s.label), zap.String("build", z.taken.ID),
			zap.String("directory", z.taken.Dir), zap.String("asked", q.file))
	})
}

// judge takes the build that waits if the answers allow it.
func (z *zone) judge(q question, answers []reply) {
	decision := decideWaiting(answers, z.confirmed && q.file != "", time.Since(z.since))
	z.mixed.Store(decision == waitsMixed)
	z.note(waitingNote(z.waiting.ID, decision, answers))
	switch {
	case decision == takes:
		z.take(true)
	case decision == takesUnproven:
		id := z.waiting.ID
		z.forEachLabel(func(s *Subscription) {
			s.log.Warn("taking a build though the application does not say that it runs it: "+
				"start it again within this time after a build",
				zap.String("zone", s.label), zap.String("build", id),
				zap.Duration("after", unprovenTime), zap.String("asked", q.file))
		})
		z.take(false)
	case !z.loggedWaiting:
		z.loggedWaiting = true
		z.forEachLabel(func(s *Subscription) {
			s.log.Info("the application still runs another build: the new one is taken when it runs that",
				zap.String("zone", s.label), zap.String("runs", z.taken.ID),
				zap.String("waits", z.waiting.ID), zap.String("asked", q.file))
		})
	}
}

// waitingNote is what a build waits for, for those who ask.
func waitingNote(id string, decision decision, answers []reply) string {
	switch {
	case decision == waitsMixed:
		return "build " + id + " waits: some upstreams run it, and others do not yet"
	case !slices.ContainsFunc(answers, func(s reply) bool { return s != silent }):
		return "build " + id + " waits: no upstream answers"
	}
	return "build " + id + " waits: the application still runs the one before"
}
