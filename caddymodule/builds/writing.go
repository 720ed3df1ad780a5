package builds

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// writingTime is how long a build directory may be without a whole build before that is worth a warning: `next build`
// takes minutes for a large application.
const writingTime = 15 * time.Minute

// writing is a build that is being written in the place of the one that is in use. The zero value is none.
type writing struct {
	since time.Time
	late  bool // it was said that this takes long
}

// isOverdue reports whether it takes long, and nobody has said so.
func (w writing) isOverdue() bool {
	return !w.since.IsZero() && time.Since(w.since) > writingTime && !w.late
}

// noteWriting notes that a build is being written. The log says so once.
func (z *zone) noteWriting(hash string, err *nextbuild.UnfinishedError) {
	z.refused = hash
	why := fmt.Sprintf("the build in %s is being written (%s); the old one stays in use", err.Dir, err.What)
	z.note(why)
	for _, s := range z.subs {
		s.options.Unfinished()
	}
	if z.writing.since.IsZero() {
		z.writing.since = time.Now()
		z.forEachLabel(func(s *Subscription) {
			s.log.Info(why, zap.String("zone", s.label), zap.String("build", z.taken.ID))
		})
	}
}
