package deploy

import (
	"bytes"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALeaseEndsByItselfUnlessItIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := openFleet(t, Settings{})
		fleet.join(t, "web", addressA)
		lease := func() Drain {
			return Drain{Address: addressA, Holder: "restart", Until: time.Now().Add(15 * time.Second)}
		}
		state := func() Health { return fleet.State().Zones["web"].Find(addressA).State }
		assert.False(t, fleet.order(t, lease()), "it is never durable")
		began := time.Now()
		for range 3 {
			time.Sleep(14 * time.Second)
			fleet.order(t, lease())
			synctest.Wait()
			require.Equal(t, Draining, state())
		}
		assert.True(t, fleet.State().Drains[addressA].Since.Equal(began), "it is one drain")
		time.Sleep(15*time.Second - 1)
		synctest.Wait()
		assert.Equal(t, Draining, state())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Equal(t, Healthy, state())
		assert.Empty(t, fleet.State().Drains)
		require.NoError(t, fleet.Close())
	})
}

func TestWhoMayChangeALease(t *testing.T) {
	fleet := openFleet(t, Settings{})
	fleet.join(t, "web", addressA)
	until := time.Now().Add(time.Hour)
	mine, others := Drain{Address: addressA, Holder: "me", Until: until}, Drain{Address: addressA, Holder: "you", Until: until}
	fleet.order(t, mine)
	_, err := fleet.Do(others)
	require.ErrorIs(t, err, ErrLeased)
	_, err = fleet.Do(Undrain{Address: addressA, Holder: "you"})
	require.ErrorIs(t, err, ErrLeased)
	assert.Equal(t, "taken out of rotation by me", fleet.State().Zones["web"].Find(addressA).Why)

	fleet.order(t, Undrain{Address: addressA, Holder: "me"})
	assert.Empty(t, fleet.State().Drains)
	fleet.order(t, Undrain{Address: addressA, Holder: "me"}) // it has ended already
	fleet.order(t, others)
	fleet.order(t, Undrain{Address: addressA})
	assert.Empty(t, fleet.State().Drains, "an operator ends any")

	fleet.order(t, mine)
	fleet.order(t, Drain{Address: addressA})
	drained := fleet.State().Drains[addressA]
	assert.Empty(t, drained.Holder)
	assert.Zero(t, drained.Until)
	assert.True(t, drained.Durable, "an operator takes it over")
	_, err = fleet.Do(mine)
	require.ErrorIs(t, err, ErrOperatorDrained)
	_, err = fleet.Do(Undrain{Address: addressA, Holder: "me"})
	require.ErrorIs(t, err, ErrOperatorDrained)
}

func TestLeasesAreNotInTheJournal(t *testing.T) {
	dir := t.TempDir()
	fleet := openFleet(t, Settings{Dir: dir})
	fleet.join(t, "web", addressA, addressB)
	lease := Drain{Address: addressA, Holder: "restart", Until: time.Now().Add(time.Hour)}
	fleet.order(t, lease)
	lease.Address = addressB
	fleet.order(t, lease)
	require.True(t, fleet.order(t, Drain{Address: addressB}), "an operator takes it over")
	require.NoError(t, fleet.Close())
	text, err := os.ReadFile(fleet.journal.path)
	require.NoError(t, err)
	assert.False(t, bytes.Contains(text, []byte("restart")), string(text))
	assert.Equal(t, []string{addressB}, openFleet(t, Settings{Dir: dir}).drained())
}

func TestAPauseEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Change
		fleet := openFleet(t, Settings{Tell: func(c Change) { told = append(told, c) }})
		fleet.join(t, "web", addressA)
		_, err := fleet.Do(Pause{Name: "docs", Until: time.Now().Add(time.Second)})
		require.ErrorIs(t, err, ErrUnknownZone)
		_, err = fleet.Do(Resume{"docs"})
		require.ErrorIs(t, err, ErrUnknownZone)

		paused := func() *Paused { return fleet.State().Zones["web"].Paused }
		since := time.Now()
		fleet.order(t, Pause{Name: "web", Until: since.Add(time.Minute)})
		time.Sleep(time.Second)
		fleet.order(t, Pause{Name: "web", Until: since.Add(30 * time.Second)})
		assert.Equal(t, &Paused{Since: since, Until: since.Add(30 * time.Second)}, paused(), "it may become shorter")
		before := fleet.State()
		fleet.order(t, Pause{Name: "web", Until: since.Add(30 * time.Second)})
		assert.Same(t, before, fleet.State())
		_, err = fleet.Do(joinOf("web 2", nil)) // of the same name
		require.NoError(t, err)
		time.Sleep(29*time.Second - 1)
		synctest.Wait()
		assert.NotNil(t, paused())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Nil(t, paused())
		assert.Nil(t, fleet.State().Zones["web 2"].Paused)

		fleet.order(t, Pause{Name: "web", Until: time.Now().Add(time.Minute)})
		fleet.order(t, Resume{"web"})
		assert.Nil(t, paused())
		require.NoError(t, fleet.Close())
		var pauses []bool
		for _, c := range told {
			require.True(t, c.IsOfPause())
			pauses = append(pauses, c.Zone.Paused != nil)
		}
		assert.Equal(t, []bool{true, true, false, true, false}, pauses, "once for both zones")
	})
}

// A fleet that has ended changes nothing by itself any more.
func TestNothingEndsByItselfAfterTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := openFleet(t, Settings{})
		fleet.join(t, "web", addressA)
		lease := Drain{Address: addressA, Holder: "restart", Until: time.Now().Add(time.Second)}
		fleet.order(t, lease)
		require.NoError(t, fleet.Close())
		fleet.order(t, lease)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(t, fleet.State().Drains, 1)
	})
}
