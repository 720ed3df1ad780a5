package deploy

import "sync"

const (
	// repeatShare is how many requests of a zone may be sent once more, as a share of all.
	repeatShare = 0.2
	// repeatBurst is how many of them may be at once.
	repeatBurst = 10
)

// repeats bounds how many requests are sent once more: where everything fails, that would be twice the load.
type repeats struct {
	mu   sync.Mutex
	used float64 // of repeatBurst
	turn uint64  // Rotation.traffic.turn when that was computed
}

// MayRepeat reports whether one more request may be sent once more after an upstream has failed it, and counts it.
func (r *Rotation) MayRepeat() bool {
	if !r.mayRepeat {
		return false
	}
	b, turn := &r.traffic.repeats, r.traffic.turn.Load()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = max(0, b.used-repeatShare*float64(turn-b.turn))
	b.turn = turn
	if b.used > repeatBurst-1 {
		return false
	}
	b.used++
	return true
}
