package deploy

// Failure is how a try at an upstream has failed.
type Failure uint8

// The ways in which tries fail.
const (
	FailedDial   Failure = iota // no connection could be made
	FailedReset                 // its connection has ended before the answer began
	FailedAnswer                // the answer was an error of the server (5xx)
)

// Failures is the number of ways.
const Failures = 3

// String returns the name of the way.
func (f Failure) String() string { return [Failures]string{"dial", "reset", "error"}[f] }

// NoteFailure counts a try that has failed.
func (u *Upstream) NoteFailure(how Failure) { u.failures[how].Add(1) }

// Failed returns how many tries have failed in a way since the upstream is known.
func (u *Upstream) Failed(how Failure) uint64 { return u.failures[how].Load() }
