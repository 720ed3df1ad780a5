package deploy

import (
	"math"
	"time"
)

// never is when a timer goes off that waits for nothing.
const never = time.Duration(math.MaxInt64)

// expireLater has the first lease or pause of a state end in its time. f.mu is held.
func (f *Fleet) expireLater(s *State, now time.Time) {
	if f.watchers == nil {
		return
	}
	if due := s.due(); due.IsZero() {
		f.expiry.Stop()
	} else {
		f.expiry.Reset(due.Sub(now))
	}
}

// expire ends what is due, unless the fleet has ended. Where the clock of the timer is ahead, it goes off once more.
func (f *Fleet) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		return
	}
	_, _ = f.do(Expire{}) // it is never refused
	f.expireLater(f.state.Load(), time.Now())
}
