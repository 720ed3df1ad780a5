// Package fleet has the control plane of the process: which upstreams the zones have, how they are found and looked
// after, what operators decide about them, and what is told of it.
package fleet
