package blobstore

import "sync"

// goneBound is how many keys, groups and spaces gone remembers one by one.
const goneBound = 1 << 16

// gone remembers what was deleted or replaced while its file could not be: while another process held the directory, or
// the disk failed. Such a file must not be found again. It is needed until the sizes of an earlier run are gathered:
// from then on only what is in the index is found. A nil one remembers nothing.
type gone struct {
	mu      sync.Mutex
	ids     map[id]struct{}
	groups  map[groupID]struct{}
	spaces  map[hash]struct{}
	all     bool // more than it can remember: no file of an earlier run is to be trusted
	settled bool // not needed any more
}

func (g *gone) add(i id) { g.remember(func() { insert(&g.ids, i) }) }

func (g *gone) addGroup(group groupID) { g.remember(func() { insert(&g.groups, group) }) }

func (g *gone) addSpace(space hash) { g.remember(func() { insert(&g.spaces, space) }) }

func (g *gone) remember(one func()) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.settled || g.all {
		return
	}
	one()
	g.bound()
}

func insert[T comparable](into *map[T]struct{}, one T) {
	if *into == nil {
		*into = make(map[T]struct{})
	}
	(*into)[one] = struct{}{}
}

func (g *gone) bound() {
	if len(g.ids)+len(g.groups)+len(g.spaces) > goneBound {
		g.ids, g.groups, g.spaces, g.all = nil, nil, nil, true
	}
}

// has reports whether a file that is not in the index must not be used: once all files are known, none.
func (g *gone) has(i id) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all || g.settled {
		return true
	}
	_, one := g.ids[i]
	_, group := g.groups[i.groupID]
	_, space := g.spaces[i.space]
	return one || group || space
}

// settle ends the remembering.
func (g *gone) settle() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids, g.groups, g.spaces, g.all, g.settled = nil, nil, nil, false, true
}
