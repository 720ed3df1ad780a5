package proxy

import (
	"cmp"
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// defaultActionMemory bounds what is kept of the bodies of server actions at one time (bytes).
const defaultActionMemory = 64 << 20

// CheckActionMemory refuses an action_memory that cannot be meant: bytes, -1 for none, 0 for the default.
func CheckActionMemory(bytes int64) error {
	if bytes < -1 || bytes > 0 && bytes < largeBlock {
		return fmt.Errorf("action_memory must be at least 32KiB, or off; found %d bytes", bytes)
	}
	return nil
}

// CheckActionBody refuses an action_body (bytes) of which action_memory could never take one. 0: it is not written.
func CheckActionBody(bytes, memory int64) error {
	if limit := actionMemoryOf(memory); bytes > limit {
		return fmt.Errorf("action_body must be at most action_memory (%d bytes), found %d bytes: nothing so large could be kept",
			limit, bytes)
	}
	return nil
}

// SetActionMemory says how many bytes of the bodies of server actions the process keeps at most: -1 for none, 0 for the
// default. What is kept already stays.
func SetActionMemory(bytes int64) { processKept.most.Store(actionMemoryOf(bytes)) }

// actionMemoryOf is the bound that an action_memory stands for (bytes).
func actionMemoryOf(bytes int64) int64 { return max(0, cmp.Or(bytes, defaultActionMemory)) }

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

var (
	keptActionBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "kept_action_bytes",
		Help: "Bytes of the bodies of server actions that are kept until their upstream has answered.",
	}, func() float64 { return float64(processKept.used.Load()) })
	actionMemoryBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "action_memory_bytes",
		Help: "The bound of kept_action_bytes.",
	}, func() float64 { return float64(processKept.most.Load()) })
)
