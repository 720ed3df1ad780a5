package deploy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

func fleetIn(t *testing.T, dir string) *Fleet {
	t.Helper()
	return Open(Settings{Dir: dir, Addresses: new(Addresses), Log: zap.NewNop()})
}

func statesOf(r *Rollout) map[string]string {
	states := map[string]string{}
	if r != nil {
		for _, ordered := range r.Deployments {
			states[ordered.ID] = ordered.State.String()
		}
	}
	return states
}

func TestADeployment(t *testing.T) {
	dir := t.TempDir()
	f := fleetIn(t, dir)
	order := Deploy{"shop", Ordered{ID: "b", Upstreams: []string{"10.0.0.2:3000"}}}
	for _, step := range []struct {
		command Command
		err     error
		states  map[string]string
	}{
		{Promote{"shop", "b"}, ErrUnknownDeployment, map[string]string{}},
		{Deploy{"shop", Ordered{ID: "config"}}, ErrConfigDeployment, map[string]string{}},
		{order, nil, map[string]string{"config": "live", "b": "starting"}},
		{order, nil, map[string]string{"config": "live", "b": "starting"}}, // it waits on
		{Deploy{"shop", Ordered{ID: "c"}}, ErrDeploying, map[string]string{"config": "live", "b": "starting"}},
		{Forget{"shop", "b"}, ErrStarting, map[string]string{"config": "live", "b": "starting"}},
		{Retire{"shop", "b"}, nil, map[string]string{}}, // it was not healthy in time
		{order, nil, map[string]string{"config": "live", "b": "starting"}},
		{Promote{"shop", "b"}, nil, map[string]string{"config": "draining", "b": "live"}},
		{order, nil, map[string]string{"config": "draining", "b": "live"}},
		{Deploy{"shop", Ordered{ID: "b"}}, ErrOtherUpstreams, map[string]string{"config": "draining", "b": "live"}},
		{Retire{"shop", "b"}, ErrLive, map[string]string{"config": "draining", "b": "live"}},
		{Promote{"shop", "config"}, nil, map[string]string{"config": "live", "b": "draining"}}, // back
		{Retire{"shop", "b"}, nil, map[string]string{"config": "live", "b": "retired"}},
		{Promote{"shop", "b"}, ErrRetired, map[string]string{"config": "live", "b": "retired"}},
		{order, nil, map[string]string{"config": "live", "b": "starting"}},
		{Promote{"shop", "b"}, nil, map[string]string{"config": "draining", "b": "live"}},
		{Retire{"shop", "config"}, nil, map[string]string{"config": "retired", "b": "live"}},
		{Promote{"shop", "config"}, nil, map[string]string{"config": "live", "b": "draining"}},
		{Forget{"shop", "config"}, ErrConfigDeployment, map[string]string{"config": "live", "b": "draining"}},
		{Promote{"shop", "b"}, nil, map[string]string{"config": "draining", "b": "live"}},
		{Forget{"shop", "b"}, nil, map[string]string{}}, // the configuration's is live, and nothing else is left
	} {
		durable, err := f.Do(step.command)
		require.ErrorIs(t, err, step.err, "%T %v", step.command, step.command)
		assert.Equal(t, err == nil, durable, "%T %v", step.command, step.command)
		require.Equal(t, step.states, statesOf(f.State().Rollouts["shop"]), "%T %v", step.command, step.command)
		require.NoError(t, f.Close())
		f = fleetIn(t, dir)
		require.Equal(t, step.states, statesOf(f.State().Rollouts["shop"]), "after a restart: %T", step.command)
	}
	require.NoError(t, f.Close())
}

// A later order to make something live ends a deploy that has not ended.
func TestADeployIsGivenUp(t *testing.T) {
	s := &State{}
	do := func(c Command) {
		t.Helper()
		next, err := c.apply(s, time.Now())
		require.NoError(t, err, "%T", c)
		s = next
	}
	b := Deploy{"shop", Ordered{ID: "b", Upstreams: []string{"10.0.0.2:3000"}}}
	c := Deploy{"shop", Ordered{ID: "c", Upstreams: []string{"10.0.0.3:3000"}}}
	do(b)
	id, ok := s.Rollouts["shop"].Before()
	assert.True(t, ok)
	assert.Equal(t, ConfigDeployment, id, "it is live, and a rollback leaves it so")
	do(Promote{"shop", id})
	assert.Nil(t, s.Rollouts["shop"])

	do(b)
	do(Promote{"shop", "b"})
	since := s.Rollouts["shop"].Deployments[0].Since
	do(c)
	id, _ = s.Rollouts["shop"].Before()
	assert.Equal(t, "b", id)
	do(Promote{"shop", "b"})
	assert.Equal(t, map[string]string{"config": "draining", "b": "live"}, statesOf(s.Rollouts["shop"]))
	assert.Equal(t, since, s.Rollouts["shop"].Deployments[0].Since, "it was live already")
	do(c)
	do(Promote{"shop", "config"})
	assert.Equal(t, map[string]string{"config": "live", "b": "draining"}, statesOf(s.Rollouts["shop"]))
	_, err := Promote{"shop", "c"}.apply(s, time.Now())
	require.ErrorIs(t, err, ErrUnknownDeployment)
	do(c)
	_, err = Deploy{"shop", Ordered{ID: "d"}}.apply(s, time.Now())
	require.ErrorIs(t, err, ErrDeploying)
	assert.ErrorContains(t, err, "that of c")
}

// A directory that is built again is another build of the same deployment.
func TestADeploymentIsReplacedInPlace(t *testing.T) {
	dir := t.TempDir()
	f := fleetIn(t, dir)
	build := func(id string) Identity { return Identity{BuildID: id} }
	named := Identity{"41", constantBuildID}
	for _, step := range []struct {
		command Command
		states  map[string]string
	}{
		{Replace{"shop", "config", Identity{}, build("one")}, map[string]string{}}, // it began with it
		{Replace{"shop", "config", build("one"), build("one")}, map[string]string{}},
		{Replace{"shop", "config", build("one"), build("two")}, map[string]string{"config": "live", "one": "retired"}},
		{Replace{"shop", "config", build("one"), build("two")}, map[string]string{"config": "live", "one": "retired"}}, // another site
		{Replace{"shop", "config", Identity{}, build("two")}, map[string]string{"config": "live", "one": "retired"}},   // a start
		{Replace{"shop", "config", Identity{}, named}, map[string]string{"config": "live", "two": "retired", "one": "retired"}},
		{Replace{"shop", "config", named, build("one")}, map[string]string{"config": "live", "41": "retired", "two": "retired"}}, // back
		{Forget{"shop", "41"}, map[string]string{"config": "live", "two": "retired"}},
		{Deploy{"shop", Ordered{ID: "b", Upstreams: []string{"10.0.0.2:3000"}}}, map[string]string{"b": "starting", "config": "live", "two": "retired"}},
		{Promote{"shop", "b"}, map[string]string{"b": "live", "config": "draining", "two": "retired"}},
		{Replace{"shop", "config", build("one"), build("three")}, map[string]string{"b": "live", "config": "draining", "one": "retired", "two": "retired"}},
		{Replace{"shop", "b", build("b"), build("b2")}, map[string]string{"b": "live", "config": "draining", "one": "retired", "two": "retired"}},
		{Replace{"shop", "b", build("b"), build("b3")}, map[string]string{"b": "live", "b2": "retired", "config": "draining", "one": "retired", "two": "retired"}},
	} {
		_, err := f.Do(step.command)
		require.NoError(t, err)
		require.Equal(t, step.states, statesOf(f.State().Rollouts["shop"]), "%T %v", step.command, step.command)
		require.NoError(t, f.Close())
		f = fleetIn(t, dir)
		require.Equal(t, step.states, statesOf(f.State().Rollouts["shop"]), "after a restart: %T %v", step.command, step.command)
	}
	config, _ := f.State().Rollouts["shop"].Find("config")
	assert.Equal(t, build("three"), config.Identity())
	_, err := f.Do(Replace{"shop", "none", build("one"), build("two")})
	require.ErrorIs(t, err, ErrUnknownDeployment)
	require.NoError(t, f.Close())
}

func TestOnlyOrdersMakeOthers(t *testing.T) {
	var r *Rollout
	assert.False(t, r.WasOrdered())
	s := &State{}
	s, err := Replace{"shop", "config", Identity{BuildID: "one"}, Identity{BuildID: "two"}}.apply(s, time.Now())
	require.NoError(t, err)
	assert.False(t, s.Rollouts["shop"].WasOrdered())
	s, err = Deploy{"shop", Ordered{ID: "b", Upstreams: []string{"10.0.0.2:3000"}}}.apply(s, time.Now())
	require.NoError(t, err)
	assert.True(t, s.Rollouts["shop"].WasOrdered())
}

func TestWhatWasLiveIsRetiredInTime(t *testing.T) {
	now := time.Now()
	s := &State{}
	do := func(c Command, at time.Duration) {
		t.Helper()
		next, err := c.apply(s, now.Add(at))
		require.NoError(t, err)
		s = next
	}
	for i := range 4 {
		id := fmt.Sprint(i)
		do(Deploy{"shop", Ordered{ID: id}}, time.Duration(i)*time.Hour)
		do(Promote{"shop", id}, time.Duration(i)*time.Hour)
	}
	before, _ := s.Rollouts["shop"].Before()
	assert.Equal(t, "2", before)
	do(RetireOld{"shop", 2, 0}, 3*time.Hour)
	assert.Equal(t, map[string]string{"config": "retired", "0": "retired", "1": "draining", "2": "draining", "3": "live"}, statesOf(s.Rollouts["shop"]))
	do(RetireOld{"shop", 0, 2 * time.Hour}, 4*time.Hour) // 1 was live until 2 came
	assert.Equal(t, "retired", statesOf(s.Rollouts["shop"])["1"])
	do(RetireOld{"shop", 0, 2 * time.Hour}, 48*time.Hour)
	assert.Equal(t, map[string]string{"config": "retired", "0": "retired", "1": "retired", "2": "retired", "3": "live"}, statesOf(s.Rollouts["shop"]))
	_, ok := s.Rollouts["shop"].Before()
	assert.False(t, ok)
}

func TestDeploymentsThatAreRetiredAreForgottenInTime(t *testing.T) {
	s := &State{}
	for i := range 3 * maxRetired {
		id := fmt.Sprint(i)
		for _, c := range []Command{Deploy{"shop", Ordered{ID: id}}, Promote{"shop", id}, RetireOld{"shop", 1, 0}} {
			next, err := c.apply(s, time.Now().Add(time.Duration(i)*time.Minute))
			require.NoError(t, err)
			s = next
		}
	}
	list := s.Rollouts["shop"].Deployments
	assert.LessOrEqual(t, len(list), maxRetired+3) // one live, one draining, that of the configuration
	assert.Equal(t, fmt.Sprint(3*maxRetired-1), list[0].ID)
	_, is := s.Rollouts["shop"].Find(ConfigDeployment)
	assert.True(t, is)
}

// Whatever the order of commands, exactly one deployment is live, and a restart changes nothing.
func TestRolloutsHoldWhateverTheOrderOfCommands(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 22))
		dir := t.TempDir()
		f := fleetIn(t, dir)
		for range 120 {
			zone, id := fmt.Sprint("zone ", r.IntN(2)), []string{"config", "a", "b", "c"}[r.IntN(4)]
			command := []Command{
				Deploy{zone, Ordered{ID: id, Upstreams: []string{fmt.Sprint("10.0.0.", r.IntN(2))}}},
				Deploy{zone, Ordered{ID: id}},
				Promote{zone, id},
				Promote{zone, id},
				Retire{zone, id},
				Forget{zone, id},
				Describe{zone, id, "d", fmt.Sprint(r.IntN(2))},
				RetireOld{zone, r.IntN(3), 0},
				Replace{zone, id, Identity{BuildID: "c"}, Identity{BuildID: []string{"a", "d", "config"}[r.IntN(3)]}},
			}[r.IntN(9)]
			_, _ = f.Do(command) // a refusal is an answer, too
			for name, rollout := range f.State().Rollouts {
				require.NoError(t, checkRollout(rollout), "seed %d, %s, %T %+v", seed, name, command, command)
			}
			if r.IntN(10) > 0 {
				continue
			}
			held, err := json.Marshal(f.State().Rollouts)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			f = fleetIn(t, dir)
			holds, err := json.Marshal(f.State().Rollouts)
			require.NoError(t, err)
			require.JSONEq(t, string(held), string(holds))
		}
		require.NoError(t, f.Close())
	}
}

func checkRollout(r *Rollout) error {
	count, ids := [stages]int{}, map[string]bool{}
	for _, ordered := range r.Deployments {
		count[ordered.State]++
		if ids[ordered.ID] {
			return fmt.Errorf("%s is there twice", ordered.ID)
		}
		ids[ordered.ID] = true
	}
	if count[StageLive] != 1 || count[StageStarting] > 1 || !ids[ConfigDeployment] || len(ids) < 2 {
		return fmt.Errorf("states %v of %v", count, r.Deployments)
	}
	return nil
}
