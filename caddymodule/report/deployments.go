package report

import (
	"net/url"
	"time"
)

// States of a deployment. Any but StateRetired is asked; new documents go to the live one.
const (
	// StateStarting is one that is not healthy yet: nobody is sent to it.
	StateStarting = "starting"
	// StateLive is the one that documents go to. There is one at a time.
	StateLive = "live"
	// StateDraining is one that was live: what belongs to a document of it follows the document.
	StateDraining = "draining"
	// StateRetired is one that nobody is sent to. What is known of it is kept until it is forgotten.
	StateRetired = "retired"
)

// AnyDeployment stands in the path of a deploy where its id is not known: the edge finds it, by the build directory or
// by what the upstreams answer.
const AnyDeployment = "-"

// DeployOrder is an order to make a deployment the live one of its zone. The path has the zone and the id.
type DeployOrder struct {
	// Upstreams are its addresses, as `nextjs` takes them in a Caddyfile: 10.0.0.7:3000.
	Upstreams []string `json:"upstreams"`
	// Build is the directory of its build on the machine of the edge. "": the edge has none.
	Build string `json:"build,omitempty"`
	// Timeout is how long it may take to become healthy: a duration such as 60s, which is the default. 10m at most.
	Timeout string `json:"timeout,omitempty"`
}

// RolloutOrder is an order about a deployment that is known: rollback, promote, retire or forget.
type RolloutOrder struct {
	Zone string `json:"zone"`
	// Deployment is its id. "" in a rollback: the one that was live before.
	Deployment string `json:"deployment,omitempty"`
	// Now is for retire: the answer waits for nothing.
	Now bool `json:"now,omitempty"`
	// Wait is for retire: how long the answer may wait until nothing is in flight, a duration such as 30s, which is the
	// default. 10m at most.
	Wait string `json:"wait,omitempty"`
}

// Rollout is what has become of the deployments of a zone.
type Rollout struct {
	Zone string `json:"zone"`
	// Live is the id of the one that documents go to.
	Live string `json:"live"`
	// Deployments are all that the edge knows of, newest first. "config" is what the configuration names.
	Deployments []Deployment `json:"deployments"`
	// Durable says that it holds after a restart of the edge.
	Durable bool `json:"durable"`
}

// Deployment is one build of a zone and what runs it.
type Deployment struct {
	// ID is "config" for what the configuration names.
	ID string `json:"id"`
	// State is one of the State constants, Since when it began, Why the reason where there is one to say.
	State string    `json:"state"`
	Why   string    `json:"why,omitempty"`
	Since time.Time `json:"since"`
	// Upstreams are its addresses.
	Upstreams []string `json:"upstreams"`
	// Build is the directory of its build. "": the edge has none.
	Build string `json:"build,omitempty"`
	// BuildID and DeploymentID are what Next.js calls it, as far as that is known.
	BuildID      string `json:"build_id,omitempty"`
	DeploymentID string `json:"deployment_id,omitempty"`
}

// Deployed is the deployment that a deploy has made the live one.
type Deployed struct {
	Deployment
	Zone string `json:"zone"`
	// Before is the id of the one that was live before it. "": it was live already.
	Before string `json:"before,omitempty"`
	// Durable says that it holds after a restart of the edge.
	Durable bool `json:"durable"`
}

// DeploymentPattern is where a deployment of a zone is, as net/http writes patterns: {zone} and {id} are path values.
const DeploymentPattern = "zones/{zone}/deployments/{id}"

// DeploymentRoute is where the deployment of an id is, for AdminPath and the URL of nextjs_control. Both names are
// escaped. The id must not be "." or "..", which a client would resolve.
func DeploymentRoute(zone, id string) string {
	return "zones/" + url.PathEscape(zone) + "/deployments/" + url.PathEscape(id)
}
