package deploy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// after carries out commands on a state, one second after another.
func after(t testing.TB, s *State, now time.Time, commands ...Command) *State {
	t.Helper()
	for i, c := range commands {
		next, err := c.apply(s, now.Add(time.Duration(i)*time.Second))
		require.NoError(t, err)
		s = next
	}
	return s
}

// upstreamsOf returns upstreams for a test that carries out commands without a fleet.
func upstreamsOf(n int) (list []*Upstream) {
	for i := range n {
		list = append(list, &Upstream{Address: modelAddress(i)})
	}
	return list
}

// joinOf is the command of a zone with fixed upstreams, and names behind them.
func joinOf(id string, upstreams []*Upstream, names ...Source) Join {
	join := Join{ID: id, Name: "web", Upstreams: append([]*Upstream{}, upstreams...)}
	for _, upstream := range upstreams {
		join.Sources = append(join.Sources, Source{Address: upstream.Address})
	}
	join.Sources = append(join.Sources, names...)
	join.Upstreams = append(join.Upstreams, make([]*Upstream, len(names))...)
	return join
}

func targetsOf(upstreams ...*Upstream) (targets []Target) {
	for _, upstream := range upstreams {
		targets = append(targets, Target{Upstream: upstream})
	}
	return targets
}

func TestEjectionsInARowLastTwiceAsLong(t *testing.T) {
	us := upstreamsOf(3)
	s, now := after(t, &State{}, simEpoch, joinOf("a", us)), simEpoch
	eject := Eject{ID: "a", Address: addressText(0), Why: "bad", For: 5 * time.Second, Max: time.Minute}
	for _, c := range []struct {
		well  time.Duration // since the one before
		lasts time.Duration
	}{
		{0, 5 * time.Second},
		{0, 10 * time.Second},
		{time.Second, 20 * time.Second},
		{time.Minute, 40 * time.Second},
		{0, time.Minute},
		{0, time.Minute},
		{time.Minute + 1, 5 * time.Second}, // it was well for long
		{0, 10 * time.Second},
	} {
		now = now.Add(c.well)
		s = after(t, s, now, eject)
		member := s.Zones["a"].Find(addressText(0))
		assert.Equal(t, Ejected, member.State)
		assert.Equal(t, c.lasts, member.Until.Sub(now))
		now = member.Until
		s = after(t, s, now, Readmit{"a", addressText(0)})
		member = s.Zones["a"].Find(addressText(0))
		assert.Equal(t, Healthy, member.State)
		assert.Equal(t, now, member.Ramp, "it begins slowly")
	}
}

func TestWhatIsEjectedIsEjectedNoMore(t *testing.T) {
	us := upstreamsOf(2)
	eject := Eject{ID: "a", Address: addressText(0), Why: "bad", For: 5 * time.Second, Max: time.Minute}
	s := after(t, &State{}, simEpoch, joinOf("a", us), eject)
	assert.Same(t, s, after(t, s, simEpoch, eject))
	_, err := Eject{ID: "a", Address: addressText(1)}.apply(s, simEpoch)
	assert.ErrorIs(t, err, ErrTooManyEjected)
}

// TestAChangedConfigurationGoesOn: a reload makes the zone another one, before the former one leaves.
func TestAChangedConfigurationGoesOn(t *testing.T) {
	us := upstreamsOf(4)
	s := after(t, &State{}, simEpoch,
		joinOf("old", us[:1], dns("pods")),
		Found{ID: "old", Source: 1, Targets: targetsOf(us[1], us[2])},
		Check{ID: "old", Address: addressText(1), Why: "refused"},
		Drain{Address: addressText(2)}, Drain{Address: addressText(0)},
	)
	checked := joinOf("new", us[:1], dns("pods"), dns("others"))
	checked.Checked = true
	s = after(t, s, simEpoch.Add(time.Minute), checked, Leave{"old"})
	zone := s.Zones["new"]
	require.Len(t, zone.Deployment.Members, 3, "it has what DNS said before")
	assert.Equal(t, Draining, zone.Find(addressText(0)).State)
	assert.Equal(t, Unhealthy, zone.Find(addressText(1)).State)
	assert.Equal(t, "refused", zone.Find(addressText(1)).Why)
	assert.Equal(t, simEpoch.Add(2*time.Second), zone.Find(addressText(1)).Since)
	assert.Equal(t, Draining, zone.Find(addressText(2)).State, "somebody had it all the time")

	s = after(t, s, simEpoch.Add(time.Hour), Found{ID: "new", Source: 1, Targets: targetsOf(us[3]), Checked: true})
	assert.True(t, s.Zones["new"].Find(addressText(1)).Gone, "what DNS says now counts")
	assert.Equal(t, "not asked yet", s.Zones["new"].Find(addressText(3)).Why)
	assert.Len(t, s.Drains, 1, "the address that DNS has told is nobody's")
}

func TestWhatAnotherApplicationKnowsDoesNotCount(t *testing.T) {
	us := upstreamsOf(2)
	s := after(t, &State{}, simEpoch, joinOf("a", us), Check{ID: "a", Address: addressText(0), Why: "refused"})
	other := joinOf("b", us)
	other.Name = "docs"
	assert.Equal(t, Healthy, after(t, s, simEpoch, other).Zones["b"].Find(addressText(0)).State)
	assert.Equal(t, Unhealthy, after(t, s, simEpoch, joinOf("b", us)).Zones["b"].Find(addressText(0)).State)
}

func TestWhatWasKnownOfAGoneUpstreamDoesNotCount(t *testing.T) {
	us := upstreamsOf(2)
	s := after(t, &State{}, simEpoch,
		joinOf("a", nil, dns("pods")), Found{ID: "a", Targets: targetsOf(us...)},
		Check{ID: "a", Address: addressText(0), Why: "refused"}, Found{ID: "a", Targets: targetsOf(us[1])},
		joinOf("b", us),
	)
	assert.Equal(t, Healthy, s.Zones["b"].Find(addressText(0)).State)
}

func TestAnAddressOfTwoNamesStaysUntilBothHaveLeftIt(t *testing.T) {
	us := upstreamsOf(2)
	s := after(t, &State{}, simEpoch,
		joinOf("a", nil, dns("pods"), dns("more")),
		Found{ID: "a", Source: 0, Targets: targetsOf(us...)}, Found{ID: "a", Source: 1, Targets: targetsOf(us...)},
	)
	require.Len(t, s.Zones["a"].Deployment.Members, 2)
	s = after(t, s, simEpoch, Found{ID: "a", Source: 0, Targets: targetsOf(us[1])})
	member := s.Zones["a"].Find(addressText(0))
	assert.False(t, member.Gone)
	assert.Equal(t, 1, member.Source)
	s = after(t, s, simEpoch, Found{ID: "a", Source: 1})
	assert.True(t, s.Zones["a"].Find(addressText(0)).Gone)
	assert.False(t, s.Zones["a"].Find(addressText(1)).Gone)
}

func TestCommandsForWhatHasEndedDoNothing(t *testing.T) {
	s := after(t, &State{}, simEpoch, joinOf("a", upstreamsOf(1)))
	for _, c := range []Command{
		Found{ID: "b", Targets: targetsOf(upstreamsOf(1)...)},
		Emptied{"b", addressText(0)},
		Emptied{"a", addressText(5)},
		Check{ID: "b", Address: addressText(0)},
		Check{ID: "a", Address: addressText(5)},
		Unwatch{"b"},
		Answered{"b"},
		Eject{ID: "b", Address: addressText(0)},
		Eject{ID: "a", Address: addressText(5)},
		Readmit{"b", addressText(0)},
	} {
		assert.Same(t, s, after(t, s, simEpoch, c), "%T", c)
	}
	_, err := Leave{"b"}.apply(s, simEpoch)
	assert.ErrorContains(t, err, "nobody has joined: b")
	for _, c := range []Command{Drain{Address: addressText(5)}, Undrain{Address: addressText(5)}} {
		_, err := c.apply(s, simEpoch)
		assert.ErrorIs(t, err, ErrUnknownUpstream)
	}
}
