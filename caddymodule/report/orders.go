package report

import "time"

// DrainOrder is an order to take an upstream out of rotation.
type DrainOrder struct {
	Upstream string `json:"upstream"`
	// Wait is how long the answer may wait until nothing is in flight: a duration such as 30s.
	Wait string `json:"wait,omitempty"`
	// Lease is after which time the upstream is put back by itself, unless the same holder orders it once more. "": it
	// stays out.
	Lease  string `json:"lease,omitempty"`
	Holder string `json:"holder,omitempty"`
}

// UndrainOrder is an order to put an upstream back into rotation.
type UndrainOrder struct {
	Upstream string `json:"upstream"`
	// Holder says that only the lease of this holder is ended.
	Holder string `json:"holder,omitempty"`
	// Healthy is for how long the upstream is asked whether it answers before it is put back. "": it is not asked.
	Healthy string `json:"healthy,omitempty"`
}

// Drained is what has become of the upstream.
type Drained struct {
	UpstreamStatus
	// Zones are those that have it, maybe none.
	Zones []string `json:"zones"`
	// Durable says that the decision holds after a restart of the edge.
	Durable bool `json:"durable"`
}

// PauseOrder is an order to have the requests of a zone wait.
type PauseOrder struct {
	Zone string `json:"zone"`
	// For is how long they wait at most: a duration such as 30s, which is the default.
	For string `json:"for,omitempty"`
	// Wait is how long the answer may wait until nothing is in flight.
	Wait string `json:"wait,omitempty"`
}

// ResumeOrder is an order to end that.
type ResumeOrder struct {
	Zone string `json:"zone"`
}

// PauseStatus is what has become of the zone.
type PauseStatus struct {
	Zone string `json:"zone"`
	// Until is until when its requests wait at most. Absent: they do not.
	Until *time.Time `json:"until,omitempty"`
	// InFlight are requests to its upstreams whose answer has not ended; EventStreams and Sockets those of them that
	// have no end of their own.
	InFlight     int64 `json:"in_flight"`
	EventStreams int   `json:"event_streams"`
	Sockets      int   `json:"sockets"`
	// Waiting is how many requests wait.
	Waiting int64 `json:"waiting"`
}

// Unfinished is how many requests in flight will end by themselves.
func (p PauseStatus) Unfinished() int64 { return p.InFlight - int64(p.EventStreams+p.Sockets) }
