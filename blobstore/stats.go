package blobstore

// Stats are figures for metrics. Counters count since Open.
type Stats struct {
	Memory, Disk TierStats
	Behind       BehindStats
	Misses       uint64 // of all tiers
	Refused      uint64 // entries not stored because they are too large, or too much was being written
	Failed       uint64 // entries not stored on disk because of an error of the disk
	Damaged      uint64 // files found damaged, truncated, of another key or of another version, and removed
	Attached     bool   // the directory is in use; false in memory only
	Counting     bool   // the sizes of files of an earlier run are still being gathered: Disk does not count all of them yet
}

// TierStats are the figures of memory or disk.
type TierStats struct {
	Entries         int
	Bytes           int64 // as counted against Bound: memory with what an entry costs beside its bytes, disk in blocks of 4 KiB
	Bound           int64
	Writing         int64 // bytes of entries that are being written, not in Bytes
	Hits, Evictions uint64
}

// BehindStats are the figures of the tier behind.
type BehindStats struct {
	Hits    uint64
	Failed  uint64 // calls that returned an error or took too long
	Queued  int    // changes that wait to be told
	Dropped uint64 // changes that were not told, because too many were waiting or the entry is too large
}

// Stats returns the figures of this moment.
func (s *Store) Stats() Stats {
	stats := Stats{
		Memory: s.memory.stats(), Behind: s.behind.stats(),
		Misses: s.misses.Load(), Refused: s.refused.Load(), Failed: s.failed.Load(), Damaged: s.damaged.Load(),
	}
	if s.settings.Dir != "" {
		stats.Disk.Bound = s.size.Load()
	}
	stats.Memory.Writing = s.writing.Load()
	if d := s.disk.Load(); d != nil {
		stats.Attached, stats.Counting = true, !d.walked.Load()
		stats.Disk.Entries, stats.Disk.Bytes = d.index.cache.EstimatedSize(), d.index.bytes()
		stats.Disk.Writing = d.writing.Load()
		stats.Disk.Hits, stats.Disk.Evictions = s.diskHits.Load(), d.index.evictions.Load()
	}
	return stats
}
