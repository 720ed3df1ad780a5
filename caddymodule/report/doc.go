// Package report has what the edge says of itself, as the admin endpoint answers it and commands print it, and the
// order to purge. A request that is made for a report carries it in its context.
package report
