// Package blobstore keeps bytes under a key within a bound: memory over disk, and behind them, where there is one, a
// tier that several edges share. It is a cache: what it holds may be gone at any moment, and what it returns is what
// was put, whole.
//
// # Policy
//
// Both tiers are bounded by bytes and evict by W-TinyLFU, as otter implements it: a new entry starts in a small window
// and stays only if it was asked for more often, of late, than the entry it would push out. LRU would not do. A
// crawler, a sitemap or a page with a query nobody repeats is a pass of one-off keys, which pushes everything that is
// hot out of an LRU; here such keys push out one another. A hit in memory counts on disk too, so what is hot in memory
// is not taken for cold on disk.
//
// Otter does its maintenance on the goroutine that calls it (a synchronous executor), so it has no goroutines, and what
// a Put evicts is gone from the disk when the Put returns. What it evicts is only noted under its locks; the file is
// removed after that, under the lock of the key and only if the key is still absent. So an entry that was put again
// meanwhile keeps its new file.
//
// # Disk
//
// An entry is a file: head with checksums, key, meta, and the body as the tail, so that the file can be handed to
// sendfile as it is. Its name is the hash of its group and of its name, below a directory for the hash of its space. It
// is written under tmp/ and renamed, without fsync: kill -9 leaves it complete or absent, and what a power failure
// tears is found by the checksum of the body, which is compared when an entry of an earlier run is first read. Files
// count in blocks of 4 KiB, as most file systems store them. The files of a group are in one directory, so that all of
// them are found there, whatever the index knows.
//
// After a restart an entry is found by its name at once. Sizes are gathered in the background, without opening a file.
// Once they are known the index is what counts: a key that is not in it costs no system call.
//
// A user may have a note made of each entry (SetNoter): what it wants to know of very many entries without opening
// them. Notes of an earlier run's entries are made in the background, once the sizes are known.
//
// Each version of the format has a directory of entries of its own; those of other versions are removed.
//
// A directory belongs to one process. Others work in memory, and take it over when that one ends.
//
// # Order
//
// Changes of a key happen under the lock of its group: the file, its place in the index, and its copy in memory change
// together. What is read from disk gets into memory only if the index still names the file that was read. Delete,
// DeleteGroup and DeleteSpace also hold for what is being written: a Writer that was created before, and an answer of
// the tier behind that was asked for before, is not stored.
package blobstore
