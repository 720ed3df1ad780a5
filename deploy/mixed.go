package deploy

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Mixed says that upstreams of one deployment run different builds.
type Mixed struct {
	// ZoneID is that of the zone in the state.
	ZoneID string
	// BuildID is that of the build that Has runs and Lacks does not.
	BuildID    string
	Has, Lacks *Upstream
}

// MixedCheck says whether the upstreams of a zone are compared by what only one build has, for nobody knows which one
// they run. The zero value: they are not.
type MixedCheck struct {
	On bool
	// BasePath is where the application is. "": at the root.
	BasePath string
	// Every is the time between two looks. Default: 30 s.
	Every time.Duration
}

const (
	// DefaultMixedEvery is the default of MixedCheck.Every.
	DefaultMixedEvery = 30 * time.Second
	// mixedLooks is how many looks in a row have to find different builds: while pods are replaced one look may.
	mixedLooks = 2
	// identifyTimeout bounds the question which build an upstream runs.
	identifyTimeout = 5 * time.Second
)

// comparison is what is known between two looks. It is never changed: a look makes another one.
type comparison struct {
	// of are the upstreams that are compared, the first of which is asked for its build. nil: it was not asked yet.
	of []sighting
	// buildID is that of the build that the first one runs. "": it does not say, or says nothing that tells builds
	// apart.
	buildID string
	// had says that the first one has answered with the file of that build.
	had bool
	// differed is how many looks in a row have found different builds.
	differed int
}

// sighting is an upstream, and since when it is fit: it may run another build when it comes back.
type sighting struct {
	*Upstream
	since time.Time
}

// compared returns the upstreams of a zone that are to be compared now: those that are fit, always in the same order.
// nil: nothing is asked now. A zone that is paused is left alone, and so is a deployment that is not the live one.
// Where deployment ids are known, answers tell by themselves (Rotation.Says).
func (s *State) compared(id string) (list []sighting) {
	zone := s.Zones[id]
	if zone == nil || zone.Paused != nil {
		return nil
	}
	rollout := s.Rollouts[zone.Name]
	ordered, _ := rollout.Find(zone.Deployment.ID)
	if rollout.Live() != zone.Deployment.ID || ordered.DeploymentID != "" {
		return nil
	}
	for _, member := range zone.Deployment.Members {
		if said := member.says.Load(); said != nil && *said != "" {
			return nil
		}
		if member.State == Healthy && !member.Gone {
			list = append(list, sighting{member.Upstream, member.Since})
		}
	}
	if len(list) < 2 {
		return nil
	}
	slices.SortFunc(list, func(a, b sighting) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

// comparisonOf returns what is known when the first of some upstreams has said which build it runs.
func comparisonOf(of []sighting, said Identity) comparison {
	c := comparison{of: of}
	if said.DeploymentID == "" && said.BuildID != constantBuildID {
		c.buildID = said.BuildID
	}
	return c
}

// isOf reports whether upstreams are those that were compared before.
func (c comparison) isOf(list []sighting) bool {
	return slices.EqualFunc(c.of, list, func(a, b sighting) bool {
		return a.Upstream == b.Upstream && a.since.Equal(b.since)
	})
}

// path is that of the file that only the build has, where the application is at a basePath.
func (c comparison) path(basePath string) string {
	return strings.TrimSuffix(basePath, "/") + ManifestPath(url.PathEscape(c.buildID))
}

// hear returns what is known after the replies of the upstreams that are compared. lacks is the place of one that runs
// another build than the first, where that is to be told now; 0: nothing is.
//
// The first one has named the build. Where it does not have the file itself nobody tells: its files are elsewhere
// (assetPrefix), or it was started without them. Where it had the file before it runs another build now.
func (c comparison) hear(replies []Reply) (next comparison, lacks int) {
	differed := c.differed + 1
	c.differed = 0
	switch {
	case replies[0] == ReplyHasNot && c.had:
		return comparison{}, 0
	case replies[0] != ReplyHas:
		return c, 0
	}
	c.had = true
	if lacks = slices.Index(replies, ReplyHasNot); lacks < 0 {
		return c, 0
	}
	if c.differed = differed; differed != mixedLooks {
		return c, 0
	}
	return c, lacks
}
