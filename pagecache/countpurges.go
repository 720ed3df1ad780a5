package pagecache

import (
	"hash/maphash"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// earlierPurges are those of a space before a sequence number, in a form to look very many entries up.
type earlierPurges struct {
	newest      sequence
	all         mark
	lengths     []int // of the prefixes, each once
	prefixes    map[string]mark
	deployments map[string]mark
	tags        map[uint64]mark // by hash
}

// before are the purges of a space before a sequence number. One that came again since is missing, for its target has
// only the newest: see Marked.before.
func (m *marks) before(at sequence, space string, seed maphash.Seed) *earlierPurges {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e := &earlierPurges{prefixes: map[string]mark{}, deployments: map[string]mark{}, tags: map[uint64]mark{}}
	for t, one := range m.list {
		if one.hard >= at {
			one.hard = 0
		}
		if one.soft >= at {
			one.soft = 0
		}
		if t.space == space || t.space == "" {
			e.add(t, one, seed)
		}
	}
	return e
}

func (e *earlierPurges) add(t target, one mark, seed maphash.Seed) {
	if one == (mark{}) {
		return
	}
	e.newest = max(e.newest, one.last())
	switch t.scope {
	case scopeAll:
		e.all = e.all.max(one)
	case scopePrefix:
		e.prefixes[t.text] = e.prefixes[t.text].max(one)
		if !slices.Contains(e.lengths, len(t.text)) {
			e.lengths = append(e.lengths, len(t.text))
		}
	case scopeDeployment:
		e.deployments[t.text] = e.deployments[t.text].max(one)
	case scopeTag:
		tag := maphash.String(seed, t.text)
		e.tags[tag] = e.tags[tag].max(one)
	}
}

// cover reports whether these purges have made an entry gone, or stale if that is what is asked.
func (e *earlierPurges) cover(n pageNote, begun sequence, soft bool) bool {
	if begun >= e.newest {
		return false
	}
	found := e.all
	for _, length := range e.lengths {
		if length <= len(n.group) {
			found = found.max(e.prefixes[n.group[:length]])
		}
	}
	if len(e.deployments) > 0 {
		found = found.max(e.deployments[policy.DeploymentOf(n.group)])
	}
	if len(e.tags) > 0 {
		for tag := range n.eachTag {
			found = found.max(e.tags[tag])
		}
	}
	return begun < found.hard || soft && begun < found.soft
}
