package deploy

import "time"

// Try is one try of a request at an upstream: what was chosen, and what of it counts. The zero value is none. It
// belongs to one request; only End and the methods of a body may be called from another goroutine, one at a time.
type Try struct {
	Upstream *Upstream

	begun    time.Time
	sent     bool // the transport has it
	occupies bool
	waits    bool
	ended    bool
	// queue has those that wait for what the try gives free; nil: nobody would.
	queue *queue
	// isReleased says that the request has waited there, and its answer is waited for before others are.
	isReleased bool
}

// newTry returns a try that begin has counted.
func newTry(u *Upstream) Try { return Try{Upstream: u, occupies: true} }

// Sent notes that the request is being sent: from now on the time to its answer counts, and End is for who sends.
func (t *Try) Sent(now time.Time) {
	t.begun, t.sent = now, true
	if !t.waits && !t.ended {
		t.waits = true
		t.Upstream.waiting.Add(1)
	}
}

// Abandon ends a try that was never sent.
func (t *Try) Abandon() {
	if t.Upstream != nil && !t.sent {
		t.End()
	}
	*t = Try{}
}

// settle tells the queue, once, that the request is answered, or has failed.
func (t *Try) settle(isAnswered bool) {
	if t.isReleased {
		t.isReleased = false
		t.queue.settle(isAnswered, time.Now())
	}
}

// Answered notes that the head of the answer has come. The time it took counts unless it is an error, which is quick
// to say.
func (t *Try) Answered(status int, now time.Time) {
	t.stopWaiting()
	t.settle(true)
	t.Upstream.NoteReceived()
	t.Upstream.resets.Store(0)
	t.Upstream.noteError(status >= 500, now)
	if status >= 500 {
		t.Upstream.NoteFailure(FailedAnswer)
		return
	}
	t.Upstream.latency.observe(now.Sub(t.begun), now)
}

func (t *Try) stopWaiting() {
	if t.waits {
		t.waits = false
		t.Upstream.waiting.Add(-1)
	}
}

// Release notes that the try keeps the upstream busy no more: its answer is a stream, or waits for its client.
func (t *Try) Release() {
	if t.occupies {
		t.occupies = false
		t.Upstream.occupied.Add(-1)
		if t.queue != nil {
			t.queue.poke(time.Now())
		}
	}
}

// Occupy undoes Release, until the try has ended.
func (t *Try) Occupy() {
	if !t.occupies && !t.ended {
		t.occupies = true
		t.Upstream.occupied.Add(1)
	}
}

// End ends the try: its answer has been read to its end, or it has failed. Once more it does nothing.
func (t *Try) End() {
	if t.ended {
		return
	}
	t.ended = true
	t.stopWaiting()
	t.Release()
	t.settle(false)
	t.Upstream.inFlight.Add(-1)
}
