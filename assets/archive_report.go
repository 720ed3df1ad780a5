package assets

import "time"

// ArchivedBuild is what an archive has of a build, or of a deployment of which files have passed through.
type ArchivedBuild struct {
	// List tells it from all others of the archive.
	List string
	// Build is the build id, Deployment what Next.js says in ?dpl=; each "" if it is not known.
	Build, Deployment string
	// IsLearnt: it has only what has passed through.
	IsLearnt bool
	// FirstSeen is when its first files were kept. Last is when it was live, known to the hour, or a file was added.
	FirstSeen, Last time.Time
	// Files and Bytes are all that it has; others may have the same.
	Files int
	Bytes int64
}

// Builds returns what a space finds, the one that was seen last first.
func (a *Archive) Builds(of *Space) []ArchivedBuild {
	if a == nil {
		return nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	found := a.space(of).builds
	builds := make([]ArchivedBuild, len(found))
	for i, b := range found {
		builds[i] = b.report()
	}
	return builds
}

// report says what a list has. The caller holds the lock.
func (b *archivedBuild) report() ArchivedBuild {
	r := ArchivedBuild{
		List: b.list(), Build: b.build, Deployment: b.deployment, IsLearnt: b.isLearnt,
		FirstSeen: b.firstSeen, Last: b.last, Files: len(b.files),
	}
	for _, f := range b.files {
		r.Bytes += f.blob.size
	}
	return r
}

// Limits returns the bounds of the archive, as for SetLimits.
func (a *Archive) Limits() (size int64, maxAge time.Duration) {
	return a.size.Load(), time.Duration(a.maxAge.Load())
}
