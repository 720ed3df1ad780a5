package proxy

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxKept bounds what is kept of one body (bytes): what Next.js takes of an action where nothing else is said
	// (serverActions.bodySizeLimit).
	maxKept = 1 << 20
	// defaultActionMemory bounds what is kept of the bodies of server actions at one time (bytes).
	defaultActionMemory = 64 << 20
)

// keepers are the bytes that are kept of the bodies of all requests.
type keepers struct {
	most atomic.Int64
	used atomic.Int64
}

func newKeepers(most int64) *keepers {
	k := new(keepers)
	k.most.Store(most)
	return k
}

// take reserves bytes, if there is room for them.
func (k *keepers) take(bytes int) bool {
	if used := k.used.Add(int64(bytes)); used <= k.most.Load() || bytes == 0 {
		return true
	}
	k.used.Add(int64(-bytes))
	return false
}

// takeAnyway reserves bytes whether there is room or not. A negative number gives some back.
func (k *keepers) takeAnyway(bytes int) { k.used.Add(int64(bytes)) }

// processKept are those of the process.
var processKept = newKeepers(defaultActionMemory)

var keptActionBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "kept_action_bytes",
	Help: "Bytes of the bodies of server actions that are kept until their upstream has answered.",
}, func() float64 { return float64(processKept.used.Load()) })
