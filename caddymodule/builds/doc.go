// Package builds has the builds that zones are served from. Each is read, indexed and held open once for the process
// and the directory, whatever number of sites, zones and configurations it serves.
//
// A Pool has one directory for each Source that somebody subscribes to. One goroutine of the directory looks at it.
// What it has there depends on whom it is for:
//
//   - a Build is what was read: the rules, the claims and the index of the files. All who are served from it share it.
//   - a zone is the directory with one set of upstreams. It decides, for all sites that have both, whether a new Build
//     is taken: only when the upstreams run it. They are asked once.
//   - a Subscription is one zone of one site of one configuration. It is told of the build to take and may refuse it,
//     for its site may have no place for it. It has a Snapshot of each build: the files as its configuration serves
//     them.
//
// A Build is closed when its last Snapshot and the last zone that names it have given it back. A directory goes when
// its last Subscription is closed; Close then awaits the goroutine.
//
// # Locks
//
// The mutex of a directory guards all that the directory has: zones, subscriptions, and who has which build. It is held
// while the disk is read and while subscribers are told (Options.Take, Taken, Refused), so these must not call this
// package; a subscriber may take a lock of its own there, and must not hold it when it subscribes or closes. It is not
// held while upstreams are asked. Two directories are never locked at once. What requests ask of a Subscription (Other,
// Waiting, Mixed, Note, Missing) takes no lock.
package builds
