package fleet

import (
	"maps"
	"slices"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// row is one upstream of one zone of the configuration that serves.
type row struct {
	zone    *deploy.Zone
	member  *deploy.Member
	latency time.Duration
}

// rows returns the upstreams of the configuration that serves, one for each name of a zone and address: two
// applications of one name would have the same labels.
func rows() (list []row) {
	s := current.Load()
	if s == nil {
		return nil
	}
	now, seen := time.Now(), map[[2]string]bool{}
	zones := s.State().Zones
	for _, id := range slices.Sorted(maps.Keys(zones)) {
		for _, member := range zones[id].Deployment.Members {
			key := [2]string{zones[id].Name, member.String()}
			if !seen[key] {
				seen[key] = true
				list = append(list, row{zones[id], member, member.Latency(now)})
			}
		}
	}
	return list
}
