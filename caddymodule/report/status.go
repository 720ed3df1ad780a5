package report

import "time"

// Status is what answers for the zones of the running edge.
type Status struct {
	// Number is that of the last change.
	Number uint64       `json:"number"`
	Zones  []ZoneStatus `json:"zones"`
	// Drains are those of upstreams that no zone has: they hold until undrain. Told to whom may know of all zones.
	Drains []DrainStatus `json:"drains,omitempty"`
}

// DrainStatus is an upstream that an operator has out of rotation, and since when.
type DrainStatus struct {
	Upstream string    `json:"upstream"`
	Since    time.Time `json:"since"`
	// Durable says that it holds after a restart of the edge.
	Durable bool `json:"durable"`
}

// ZoneStatus is what answers for one zone.
type ZoneStatus struct {
	Name string `json:"name"`
	// Listen are the addresses at which it is served.
	Listen []string `json:"listen,omitempty"`
	// Sources are where its upstreams come from, as the configuration has them.
	Sources []string `json:"sources,omitempty"`
	// Export says that its files are all there is.
	Export bool `json:"export,omitempty"`
	// Answered says that it has answered once, Serving that an upstream is fit now.
	Answered bool `json:"answered"`
	Serving  bool `json:"serving"`
	// Waiting is how many requests wait for an upstream.
	Waiting int64 `json:"waiting"`
	// PausedUntil is until when an operator has its requests wait at most. Absent: they do not.
	PausedUntil *time.Time `json:"paused_until,omitempty"`
	// Deployments are what serves it. None of an export.
	Deployments []DeploymentStatus `json:"deployments,omitempty"`
}

// DeploymentStatus is one deployment of a zone.
type DeploymentStatus struct {
	// ID is "config" for what the configuration names.
	ID string `json:"id"`
	// State is one of the State constants, and Since when it began. Both are absent where nothing was ever deployed.
	State string    `json:"state,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Live says that documents go to it.
	Live bool `json:"live"`
	// Build is the id of its build, if that is known, and DeploymentID what Next.js calls the deployment.
	Build        string `json:"build,omitempty"`
	DeploymentID string `json:"deployment_id,omitempty"`
	// Dir is the directory of its build. Absent: the edge has none.
	Dir string `json:"dir,omitempty"`
	// Pinned is how many requests went to it because they belong to a document of it, since the edge was started.
	Pinned    int64            `json:"pinned,omitempty"`
	Upstreams []UpstreamStatus `json:"upstreams"`
}

// UpstreamStatus is one upstream of a zone.
type UpstreamStatus struct {
	Upstream string `json:"upstream"`
	// State is healthy, unhealthy, ejected or draining, or unknown of one that an order names and no zone has; Why is
	// the reason, and Since when that began.
	State string    `json:"state"`
	Why   string    `json:"why,omitempty"`
	Since time.Time `json:"since"`
	// Until is when an ejection may end, or a lease does unless it is renewed. Holder is who has the lease.
	Until  *time.Time `json:"until,omitempty"`
	Holder string     `json:"holder,omitempty"`
	// InFlight are requests whose answer has not ended, of all zones that have the upstream; EventStreams and Sockets
	// those of them that have no end of their own.
	InFlight     int64 `json:"in_flight"`
	EventStreams int   `json:"event_streams"`
	Sockets      int   `json:"sockets"`
	// Latency is the mean time until an answer begins, in milliseconds. Absent: not known.
	Latency float64 `json:"latency_ms,omitempty"`
	// Priority is that of its SRV record.
	Priority uint16 `json:"priority,omitempty"`
}
