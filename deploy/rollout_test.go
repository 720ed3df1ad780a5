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
			}[r.IntN(8)]
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
