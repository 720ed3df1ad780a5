package deploy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A reload that changes upstreams ends a zone while requests of the configuration before still run.
func TestRequestsOfAZoneThatHasEndedGetTheUpstreamsThatItHad(t *testing.T) {
	t.Parallel()
	fleet := openFleet(t, Settings{})
	before := fleet.Join(ZoneSettings{ID: "web@1", Name: "web", Sources: sourcesAt(addressA, addressB)})
	after := fleet.Join(ZoneSettings{ID: "web@2", Name: "web", Sources: sourcesAt(addressC)})
	t.Cleanup(after.Leave)
	fleet.order(t, Drain{Address: addressB})
	before.Leave()
	for range 4 {
		try, err := before.Pick(time.Now(), nil, Affinity{})
		require.NoError(t, err)
		assert.Equal(t, addressA, try.Upstream.Dial)
		try.End()
	}
	assert.Equal(t, 1, fleet.addresses.Len(), "nothing is kept for it")
}

func TestAZoneThatComesBackIsTheOneThatIs(t *testing.T) {
	t.Parallel()
	fleet := openFleet(t, Settings{})
	before := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: sourcesAt(addressA)})
	before.Leave()
	after := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: sourcesAt(addressA)})
	t.Cleanup(after.Leave)
	assert.Same(t, after.Zone(), before.Zone())
}

func sourcesAt(addresses ...string) (sources []Source) {
	for _, address := range addresses {
		sources = append(sources, Source{Address: Address{Dial: address}})
	}
	return sources
}
