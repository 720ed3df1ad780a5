package report

import (
	"slices"
	"time"
)

// Archive is what the edge keeps of the files of builds, over all zones, and the bounds of that.
type Archive struct {
	// Bytes are those on disk. What several builds have counts once.
	Bytes int64 `json:"bytes"`
	// Size is the bound in bytes, MaxAge in seconds how long a build is kept that is not live any more.
	Size   int64   `json:"assets_size"`
	MaxAge float64 `json:"assets_max_age"`
}

// ArchivedBuild is what the archive has of a build of a zone, or of a deployment of which files have passed through.
type ArchivedBuild struct {
	// List tells it from all others.
	List string `json:"-"`
	// Build and DeploymentID are what Next.js calls it, as far as that is known.
	Build        string `json:"build,omitempty"`
	DeploymentID string `json:"deployment_id,omitempty"`
	// PassedThrough says that it has only what somebody has asked for.
	PassedThrough bool `json:"passed_through,omitempty"`
	// Live says that the zone is served from it.
	Live bool `json:"live,omitempty"`
	// FirstSeen is when its first files were kept. Last is when it was live, known to the hour, or, of what passes
	// through, when a file was added.
	FirstSeen time.Time `json:"first_seen"`
	Last      time.Time `json:"last"`
	Count
}

// joinArchived adds what another site finds of the same zone.
func (z *ZoneFiles) joinArchived(same []ArchivedBuild) {
	for _, b := range same {
		if !slices.ContainsFunc(z.Archive, func(other ArchivedBuild) bool { return other.List == b.List }) {
			z.Archive = append(z.Archive, b)
		}
	}
	slices.SortStableFunc(z.Archive, func(a, b ArchivedBuild) int { return b.FirstSeen.Compare(a.FirstSeen) })
}
