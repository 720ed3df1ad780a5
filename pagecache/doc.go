// Package pagecache keeps the pages of Next.js and answers from what it keeps. Package policy says what may be kept,
// under which key and for how long, and what clients are told of it.
//
// # Filling
//
// Who asks for something that is not kept leads: its request goes upstream. What comes back grows in memory
// (sharedBody), and each client that asks for the same meanwhile reads from there at its own pace, the leader's too. An
// answer that may not be kept goes to its client alone, write by write, and those who waited for its head ask for
// themselves. Only an answer that came to a clean end is stored.
//
// Up to MaxBody an answer is held in full, so nobody waits for a slow client. Of a larger one only a window is held.
// Clients further apart than that cannot share it. The one for whom it is fetched stays; those that lag behind it are
// detached, or, if it lags itself, those that wait for it. A detached client asks for the rest by a request of its own,
// and gets it if the bytes that it has come once more (window.go, detached.go).
//
// All bytes that are held count within FillMemory (budget.go). Where it is used up, the bodies that hold most give way:
// one that comes in is no longer held as a whole, so it is not kept; slow readers of one that has come get the rest
// from the store, or the upstream is asked once more. A body that still finds no room is passed on piece by piece, each
// of which waits for its reader.
//
// # Failures
//
// A page that may be served on failure is served when the upstream fails, or says nothing for AnswerTime. For a while
// others are then served at once, and the page is fetched in the background. A fetch that was given up, because its
// client has left or the process ends, says nothing about the page.
//
// # Time
//
// Next.js serves an outdated page once more too, and makes it again when somebody asks for it. A page that was outdated
// when it came is asked for until it is new (remade.go), all of its variants that came before are outdated with it
// (pageRecord.outdatedBefore), and pages whose age is not known are asked for at each visit (pageRecord.currentUntil).
//
// Events have sequence numbers, which go up over restarts too. An entry carries that of the moment at which its fetch
// began, a purge has one, and so has everything below. An entry whose fetch began before a purge that concerns it is
// not served. So a purge writes one number down, however many entries it concerns.
//
// The numbers go up over restarts because each start takes the next number of a run from the ledger (ledger.go), which
// is kept in the store with the purges (marks.go). The store is a cache and may lose it; then a new era begins, and
// what is kept from before is not used any more.
//
// How many pages a purge has hit is counted afterwards, if somebody asks (Marked.Count), by notes that the store has in
// memory.
//
// # Generations
//
// HTML and payloads are variants of one page: a group of the store. A client that has seen one variant of a new version
// must not get another one of an old version. The page's record (pageRecord, an entry of the group) holds what is
// known (generations.go), and an entry is looked at by it before it is served (lookup.go):
//   - floor: what has an older number is of an older version. A variant that comes with another body than it had before
//     raises it.
//   - suspect: what has an older number may be of an older version. A variant that nothing is known of raises it, for
//     nobody can tell of which version it is. Whoever is fetched next and has the body that it had before shows that
//     nothing has changed: nothing is suspect any more. So that nobody has to wait for that, another variant is fetched
//     in the background at once.
//
// Bodies are the same if they differ only in the value of _rsc (versionHash): Next.js notes who had them rendered.
//
// The record is written before the last byte of the answer goes out, so who has an answer as a whole is never given an
// older one. Without its record (lost, evicted) nothing of a page is served.
package pagecache
