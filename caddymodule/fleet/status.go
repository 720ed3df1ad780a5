package fleet

import (
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// CountStreams returns how many event streams and upgraded connections of an upstream are open.
type CountStreams func(*deploy.Upstream) (events, sockets int)

// Routes say what answers for the zones, and take orders about upstreams.
func Routes(streams CountStreams) []control.Route {
	status := control.Read(report.StatusRoute, func(w http.ResponseWriter, _ *http.Request, caller control.Caller) error {
		return control.AnswerJSON(w, http.StatusOK, statusOf(edge.Sites(), caller, streams))
	})
	order := func(name string, serve func(http.ResponseWriter, *http.Request, control.Caller, CountStreams) error) control.Route {
		return control.Order(name, control.ScopeDeploy, func(w http.ResponseWriter, r *http.Request, caller control.Caller, _ *zap.Logger) error {
			return serve(w, r, caller, streams)
		})
	}
	return []control.Route{
		status,
		order(report.DrainRoute, serveDrain), order(report.UndrainRoute, serveUndrain),
		order(report.PauseRoute, servePause), order(report.ResumeRoute, serveResume),
	}
}

// statusOf says what answers for the zones of sites that a caller may know of. A zone of several sites is told once.
func statusOf(sites []*edge.Site, caller control.Caller, streams CountStreams) report.Status {
	status := report.Status{Zones: []report.ZoneStatus{}}
	if s := current.Load(); s != nil {
		state := s.State()
		status.Number = state.Number
		if len(caller.Zones()) == 0 { // nobody knows whose they were
			status.Drains = unusedDrains(state)
		}
	}
	at := map[string]int{}
	for _, site := range sites {
		for _, zone := range site.View.Load().List {
			if !caller.May(zone.Name) {
				continue
			}
			key := zone.Name + "\x00" + zone.Space
			if known, ok := at[key]; ok {
				status.Zones[known].Listen = append(status.Zones[known].Listen, site.Listen...)
				continue
			}
			at[key] = len(status.Zones)
			status.Zones = append(status.Zones, zoneStatus(site, zone, streams))
		}
	}
	for i := range status.Zones {
		slices.Sort(status.Zones[i].Listen)
		status.Zones[i].Listen = slices.Compact(status.Zones[i].Listen)
	}
	return status
}

// unusedDrains are the drains of upstreams that no zone has.
func unusedDrains(state *deploy.State) (list []report.DrainStatus) {
	for _, address := range state.UnusedDrains() {
		drained := state.Drains[address]
		list = append(list, report.DrainStatus{Upstream: address, Since: drained.Since, Durable: drained.Durable})
	}
	return list
}

func zoneStatus(site *edge.Site, zone *edge.Zone, streams CountStreams) report.ZoneStatus {
	status := report.ZoneStatus{Name: zone.Name, Listen: slices.Clone(site.Listen)}
	if zone.Export != nil {
		status.Export, status.Answered, status.Serving = true, true, true
		return status
	}
	for _, source := range zone.Upstreams.Sources() {
		status.Sources = append(status.Sources, source.String())
	}
	known := zone.Upstreams.Zone()
	status.Answered, status.Serving, status.Waiting = known.Answered, known.IsServed(), zone.Upstreams.Waiting()
	status.PausedUntil = pausedUntil(known)
	status.Deployments = deploymentsStatus(zone, streams)
	return status
}

// deploymentsStatus says what is known of the deployments of a zone.
func deploymentsStatus(zone *edge.Zone, streams CountStreams) (list []report.DeploymentStatus) {
	rollout := rolloutOf(zone.Name)
	if rollout == nil {
		return []report.DeploymentStatus{deploymentStatus(zone, deploy.Ordered{ID: deploy.ConfigDeployment}, streams)}
	}
	for _, ordered := range rollout.Deployments {
		status := deploymentStatus(zone, ordered, streams)
		status.State, status.Since = ordered.State.String(), ordered.Since
		list = append(list, status)
	}
	return list
}

// rolloutOf is which deployments a zone has now; nil: none was ordered.
func rolloutOf(zone string) *deploy.Rollout {
	if s := current.Load(); s != nil {
		return s.State().Rollouts[zone]
	}
	return nil
}

// deploymentStatus says what is known of one deployment of a zone. One that is starting or retired has no upstreams
// that requests go to.
func deploymentStatus(zone *edge.Zone, ordered deploy.Ordered, streams CountStreams) report.DeploymentStatus {
	status := report.DeploymentStatus{
		ID: ordered.ID, Dir: ordered.Build, Build: ordered.BuildID, DeploymentID: ordered.DeploymentID, Upstreams: []report.UpstreamStatus{},
	}
	serves := zone.Find(ordered.ID)
	if serves == nil {
		return status
	}
	status.Live, status.Pinned = serves.IsLive, serves.Served.Pinned()
	if serves.Build != nil {
		status.Build, status.DeploymentID = serves.Build.ID, serves.Build.DeploymentID
	}
	now, drains := time.Now(), drainsNow()
	for _, member := range serves.Upstreams.Zone().Deployment.Members {
		status.Upstreams = append(status.Upstreams, upstreamStatus(member, drains, now, streams))
	}
	return status
}

// drainsNow are the drains that hold now.
func drainsNow() map[string]deploy.Drained {
	if s := current.Load(); s != nil {
		return s.State().Drains
	}
	return nil
}

func upstreamStatus(
	member *deploy.Member, drains map[string]deploy.Drained, now time.Time, streams CountStreams,
) report.UpstreamStatus {
	status := report.UpstreamStatus{
		Upstream: member.String(), State: member.State.String(), Why: member.Why, Since: member.Since,
		InFlight: member.InFlight(), Priority: member.Priority,
		Latency: float64(member.Latency(now).Round(10*time.Microsecond)) / float64(time.Millisecond),
	}
	status.EventStreams, status.Sockets = streams(member.Upstream)
	if member.State == deploy.Ejected {
		status.Until = &member.Until
	}
	if drained := drains[member.String()]; drained.Holder != "" {
		status.Holder, status.Until = drained.Holder, &drained.Until
	}
	return status
}
