package pagecache

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// maxMarks bounds the bytes of the purges that are remembered. Beyond it, the older half is made one purge of each
// space.
const maxMarks = 2 << 20

// markSize is what a purge counts beside its texts.
const markSize = 32

// scope is what a purge concerns.
type scope uint8

const (
	scopeAll scope = iota
	scopePrefix
	scopeTag
	scopeDeployment
)

// target is what has been purged. The space "" stands for all of them.
type target struct {
	scope       scope
	space, text string
}

// mark says when: what was fetched before hard is gone, what was fetched before soft is stale.
type mark struct{ hard, soft sequence }

func (m mark) max(other mark) mark { return mark{max(m.hard, other.hard), max(m.soft, other.soft)} }

func (m mark) last() sequence { return max(m.hard, m.soft) }

// marks are the purges of tags, prefixes, deployments and spaces. A lookup costs the same however many entries or
// purges there are.
type marks struct {
	newest atomic.Uint64 // of the last purge: what is newer need not be looked up
	bound  int           // maxMarks, except in tests

	mu      sync.RWMutex
	list    map[target]mark
	size    int
	lengths []int // of the prefixes, each once
	// deployments says that some purge was of one.
	deployments bool
}

// after reports whether there was a purge of anything after a sequence number.
func (m *marks) after(at sequence) bool { return sequence(m.newest.Load()) > at }

// purged says what the purges mean for an entry.
func (m *marks) purged(space, group string, begun sequence, tags func(func(string) bool)) (hard, soft bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found mark
	look := func(s scope, text string) {
		found = found.max(m.list[target{s, space, text}]).max(m.list[target{s, "", text}])
	}
	look(scopeAll, "")
	for _, length := range m.lengths {
		if length <= len(group) {
			look(scopePrefix, group[:length])
		}
	}
	if m.deployments {
		look(scopeDeployment, policy.DeploymentOf(group))
	}
	for tag := range tags {
		look(scopeTag, tag)
	}
	return begun < found.hard, begun < found.soft
}

// add notes a purge, and tells what there was of its target before.
func (m *marks) add(t target, one mark) (before mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before = m.list[t]
	m.set(t, one)
	if m.size > m.bound {
		m.fold()
	}
	m.newest.Store(max(m.newest.Load(), uint64(one.last())))
	return before
}

// set notes a purge. The caller holds the lock.
func (m *marks) set(t target, one mark) {
	if m.list == nil {
		m.list = map[target]mark{}
	}
	if before, known := m.list[t]; known {
		m.list[t] = before.max(one)
		return
	}
	t.text = strings.Clone(t.text) // not a part of all that somebody has sent
	m.list[t] = one
	m.size += markSize + len(t.space) + len(t.text)
	m.deployments = m.deployments || t.scope == scopeDeployment
	if t.scope == scopePrefix && !slices.Contains(m.lengths, len(t.text)) {
		m.lengths = append(m.lengths, len(t.text))
	}
}

// fold makes the older half of the purges one of each space: more is purged than was asked for, and nothing less. The
// caller holds the lock.
func (m *marks) fold() {
	type dated struct {
		target
		mark
	}
	all := make([]dated, 0, len(m.list))
	for t, one := range m.list {
		all = append(all, dated{t, one})
	}
	slices.SortFunc(all, func(a, b dated) int { return cmp.Compare(a.last(), b.last()) })
	m.list, m.size, m.lengths, m.deployments = nil, 0, nil, false
	for i, one := range all {
		if i <= len(all)/2 {
			one.target = target{scope: scopeAll, space: one.space}
		}
		m.set(one.target, one.mark)
	}
}

// append writes the purges, for the ledger.
func (m *marks) append(to []byte) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	to = appendCount(to, len(m.list))
	for t, one := range m.list {
		to = append(to, byte(t.scope))
		to = appendText(appendText(to, t.space), t.text)
		to = appendSequence(appendSequence(to, one.hard), one.soft)
	}
	return to
}

// read is the reverse of append.
func (m *marks) read(d *decoder) {
	for range d.count() {
		t := target{scope: scope(d.byte()), space: string(d.text()), text: string(d.text())}
		m.add(t, mark{hard: d.sequence(), soft: d.sequence()})
	}
}
