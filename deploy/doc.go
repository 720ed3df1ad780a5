// Package deploy has what answers for the zones: which upstreams there are, what each is fit for, and which of them a
// request is sent to.
//
// State is a model that only commands change; a Fleet carries them out one after the other, keeps what operators have
// decided (journal.go), and looks after the upstreams of each zone (watcher.go). Requests read the state by one
// pointer (Rotation). What changes with each of them is counted in one Upstream for each address.
package deploy
