package rules

import (
	"strings"
	"sync"
)

const (
	// maxRecent bounds how many verdicts a Set remembers, twice.
	maxRecent = 2048
	// maxRecentPath bounds the paths of these (bytes). Longer ones are judged each time.
	maxRecentPath = 512
)

// recentVerdicts remembers the verdicts of paths that the build does not name, such as those of pages made on demand:
// to judge means to try the regular expressions of the build. What was not asked for among the last 2048 to 4096 paths
// is forgotten. A verdict must hold nothing of the request that it was made for. The zero value is ready to use.
type recentVerdicts struct {
	mu         sync.Mutex
	now, older map[string]*Verdict
}

func (v *recentVerdicts) get(path string) *Verdict {
	v.mu.Lock()
	defer v.mu.Unlock()
	if verdict := v.now[path]; verdict != nil {
		return verdict
	}
	verdict := v.older[path]
	if verdict != nil {
		v.keep(path, verdict)
	}
	return verdict
}

func (v *recentVerdicts) put(path string, verdict *Verdict) {
	if len(path) > maxRecentPath {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keep(path, verdict)
}

func (v *recentVerdicts) keep(path string, verdict *Verdict) {
	if len(v.now) >= maxRecent || v.now == nil {
		v.older, v.now = v.now, make(map[string]*Verdict)
	}
	v.now[strings.Clone(path)] = verdict // not a part of all that the client has sent
}
