package deploy

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// BenchmarkPick measures the choice of an upstream: where all have nothing to do, and where all are busy, so that each
// must be looked at.
func BenchmarkPick(b *testing.B) {
	for _, n := range []int{1, 3, 50} {
		for _, inFlight := range []int{0, 2} {
			b.Run(fmt.Sprintf("upstreams=%d/busy=%d", n, inFlight), func(b *testing.B) {
				rotation := rotationOfMany(b, n)
				now := time.Now()
				for _, upstream := range rotation.Upstreams() {
					for range minSamples {
						upstream.latency.observe(10*time.Millisecond, now)
					}
					for range inFlight {
						upstream.begin(0)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					try, err := rotation.Pick(now, nil, Affinity{})
					if err != nil {
						b.Fatal(err)
					}
					try.End()
				}
			})
		}
	}
}

// rotationOfMany returns the rotation of a zone of n upstreams, none of which listens.
func rotationOfMany(t testing.TB, n int) *Rotation {
	t.Helper()
	fleet := Open(Settings{Addresses: new(Addresses), Log: zap.NewNop()})
	sources := make([]Source, n)
	for i := range sources {
		sources[i].Address.Dial = fmt.Sprintf("127.0.0.1:%d", i+1)
	}
	rotation := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: sources})
	t.Cleanup(func() {
		rotation.Leave()
		require.NoError(t, fleet.Close())
	})
	return rotation
}
