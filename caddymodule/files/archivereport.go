package files

import (
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// describeArchive says how much the archive of the configuration that serves has, and its bounds; nil: there is none.
func describeArchive() *report.Archive {
	files := Current()
	if files == nil || files.archive == nil {
		return nil
	}
	size, maxAge := files.archive.Limits()
	return &report.Archive{Bytes: files.archive.Stats().Bytes, Size: size, MaxAge: maxAge.Seconds()}
}

// describeArchived describes what the archive has of a zone.
func describeArchived(facts *edge.Zone) (builds []report.ArchivedBuild) {
	z := Slot.Of(facts)
	for _, b := range z.archive.Builds(z.space) {
		isLive := z.Set != nil && !b.IsLearnt && b.Build == facts.Build.ID && b.Deployment == z.deployment
		builds = append(builds, report.ArchivedBuild{
			List: b.List, Build: b.Build, DeploymentID: b.Deployment, PassedThrough: b.IsLearnt, Live: isLive,
			FirstSeen: b.FirstSeen, Last: b.Last, Count: report.Count{Files: b.Files, Bytes: b.Bytes},
		})
	}
	return builds
}
