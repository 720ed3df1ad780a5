package deploy

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// modelRolloutCommands are those about deployments, and what must change none.
var modelRolloutCommands = []string{
	"deploy", "deploy", "deploy", "promote", "promote", "describe", "retire", "forget", "retire old", "replace", "restart",
}

// modelDeployments are the ids of the deployments of the model.
var modelDeployments = []string{ConfigDeployment, "a", "b", "c"}

func (s step) name() string       { return modelZones[s.Zone].name }
func (s step) deployment() string { return modelDeployments[s.Upstream%len(modelDeployments)] }

// rolloutCommand makes a command about deployments. nil: the step is about something else.
func (s step) rolloutCommand() Command {
	switch s.Command {
	case "deploy":
		ordered := Ordered{ID: s.deployment(), Upstreams: []string{addressText(s.Source)}, Until: s.soon()}
		if s.Flag {
			ordered.Build = "/srv/" + ordered.ID
		}
		return Deploy{s.name(), ordered}
	case "describe":
		return Describe{s.name(), s.deployment(), fmt.Sprint("deployment ", s.Flag), fmt.Sprint("build ", s.Source)}
	case "promote":
		return Promote{s.name(), s.deployment()}
	case "retire":
		return Retire{s.name(), s.deployment()}
	case "forget":
		return Forget{s.name(), s.deployment()}
	case "replace":
		build := func(n int) Identity { return Identity{BuildID: fmt.Sprint("build ", n%3)} }
		return Replace{s.name(), s.deployment(), build(s.Source), build(s.Source + len(s.Targets))}
	case "retire old":
		return RetireOld{Zone: s.name(), Keep: s.Source, MaxAge: time.Duration(len(s.Targets)) * 20 * time.Second}
	}
	return nil
}

// checkRollouts: exactly one deployment of a zone is live, at most one is starting, and that of the configuration alone
// has no upstreams, with what it was before. Only commands about a zone change its deployments, each as it may.
func checkRollouts(c Command, err error, before, after *State, now time.Time) error {
	order, _ := c.(rolloutCommand)
	for zone, fresh := range after.Rollouts {
		if err := errors.Join(checkRollout(fresh), checkUpstreamsOf(fresh)); err != nil {
			return fmt.Errorf("zone %q: %w", zone, err)
		}
	}
	for _, zone := range []string{"web", "docs"} {
		old, fresh := before.Rollouts[zone], after.Rollouts[zone]
		switch {
		case order != nil && order.zone() == zone && err == nil:
			err := checkOrder(order, old, fresh, now)
			if _, isInPlace := order.(Replace); !isInPlace {
				err = errors.Join(err, checkStages(old, fresh, now))
			}
			if err != nil {
				return fmt.Errorf("zone %q: %w", zone, err)
			}
		case old != fresh:
			return fmt.Errorf("the deployments of zone %q have changed, though nobody has ordered that", zone)
		}
	}
	return nil
}

func checkUpstreamsOf(r *Rollout) error {
	for _, one := range r.Deployments {
		wasConfig := one.State == StageRetired && one.ID == one.Identity().Name()
		if len(one.Upstreams) == 0 && one.ID != ConfigDeployment && !wasConfig || len(one.Upstreams) > 0 && one.ID == ConfigDeployment {
			return fmt.Errorf("%s has the upstreams %v", one.ID, one.Upstreams)
		}
	}
	return nil
}

// follows are the states that may follow on each.
var follows = [stages][]Stage{
	StageStarting: {StageLive, StageRetired},
	StageLive:     {StageDraining},
	StageDraining: {StageLive, StageRetired},
	StageRetired:  {StageStarting, StageLive},
}

// checkStages: a deployment is new as starting, and goes on from state to state as it may. Since moves with that. What
// is retired is live again only if it is deployed again, or is that of the configuration.
func checkStages(before, after *Rollout, now time.Time) error {
	if after == nil {
		return nil
	}
	for _, one := range after.Deployments {
		was, is := before.Find(one.ID)
		isConfig, isSame := one.ID == ConfigDeployment, is && was.State == one.State
		switch {
		case isSame && !was.Since.Equal(one.Since), !isSame && !one.Since.Equal(now):
			return fmt.Errorf("%s is %s since %s", one.ID, one.State, one.Since)
		case !is && !isConfig && one.State != StageStarting:
			return fmt.Errorf("%s is new, and %s", one.ID, one.State)
		case is && !isSame && !slices.Contains(follows[was.State], one.State):
			return fmt.Errorf("%s was %s, and is %s", one.ID, was.State, one.State)
		case is && was.State == StageRetired && one.State == StageLive && !isConfig:
			return fmt.Errorf("%s was retired, and is live", one.ID)
		}
	}
	return nil
}

// checkOrder: a command does to a deployment what it says, and leaves the one live that is, unless it says otherwise.
// What it makes of one that is starting is not looked at: another one that becomes live may end it.
func checkOrder(c rolloutCommand, before, after *Rollout, now time.Time) error {
	one, is := after.Find(idIn(c))
	live := before.Live()
	isRight := true
	switch c := c.(type) {
	case Deploy:
		isRight = is && one.State != StageRetired && one.IsSame(c.Ordered)
	case Describe:
		isRight = is && one.DeploymentID == c.DeploymentID && one.BuildID == c.BuildID
	case Promote:
		isRight = live == c.ID || drainsIn(after, live)
		live = c.ID
	case Retire:
		isRight = !is || one.State == StageRetired
	case Forget:
		isRight = !is
		if live == c.ID {
			live = ConfigDeployment
		}
	case Replace:
		isRight = !is || one.State == stateOf(before, c.ID) && (one.Identity() == c.After || one.Identity() == (Identity{}))
	case RetireOld:
		return checkRetireOld(c, before, after, now)
	}
	if !isRight || after.Live() != live {
		return fmt.Errorf("%v, and %s is live: not what %T wants", one, after.Live(), c)
	}
	return nil
}

// stateOf is the state of a deployment; that of the configuration is live where nothing was ordered.
func stateOf(r *Rollout, id string) Stage {
	one, is := r.Find(id)
	if !is {
		return StageLive
	}
	return one.State
}

func drainsIn(r *Rollout, id string) bool {
	one, is := r.Find(id)
	return is && one.State == StageDraining
}

// checkRetireOld: what drains is retired if it is too old, or not among the newest few. Nothing else changes.
func checkRetireOld(c RetireOld, before, after *Rollout, now time.Time) error {
	newest := 0
	for _, was := range before.latest(StageDraining) {
		newest++
		isOver := c.Keep > 0 && newest > c.Keep || c.MaxAge > 0 && !was.Since.Add(c.MaxAge).After(now)
		if isOver == drainsIn(after, was.ID) {
			return fmt.Errorf("%s drains: %t, though it is number %d since %s", was.ID, !isOver, newest, was.Since)
		}
	}
	for _, was := range before.InUse() {
		if one, _ := after.Find(was.ID); was.State != StageDraining && one.State != was.State {
			return fmt.Errorf("%s was %s, and is %s", was.ID, was.State, one.State)
		}
	}
	return nil
}

// checkRefusal: a command about deployments is refused only for what the reason says.
func checkRefusal(c rolloutCommand, err error, before *State) error {
	rollout, id := before.Rollouts[c.zone()], idIn(c)
	one, is := rollout.Find(id)
	for reason, holds := range map[error]bool{
		ErrConfigDeployment: id == ConfigDeployment, ErrUnknownDeployment: !is, ErrOtherUpstreams: is,
		ErrDeploying: len(rollout.latest(StageStarting)) > 0, ErrStarting: is && one.State == StageStarting,
		ErrLive: is && one.State == StageLive, ErrRetired: is && one.State == StageRetired,
	} {
		if holds && errors.Is(err, reason) {
			return nil
		}
	}
	return fmt.Errorf("refused: %w", err)
}

// idIn is the id of the deployment that a command is about, "" for none.
func idIn(c rolloutCommand) string {
	switch c := c.(type) {
	case Deploy:
		return c.ID
	case Describe:
		return c.ID
	case Promote:
		return c.ID
	case Retire:
		return c.ID
	case Forget:
		return c.ID
	case Replace:
		return c.ID
	}
	return ""
}
