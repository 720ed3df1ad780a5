package blobstore

import "sync"

// maxTombstones is how many keys, groups and spaces are remembered one by one.
const maxTombstones = 1 << 16

// tombstones are of what was deleted or replaced while its file could not be: while another process held the directory,
// or the disk failed. Such a file must not be found again. They are needed until the sizes of an earlier run are
// gathered: from then on only what is in the index is found. A nil one remembers nothing.
type tombstones struct {
	mu      sync.Mutex
	ids     map[id]struct{}
	groups  map[groupID]struct{}
	spaces  map[hash]struct{}
	all     bool // more than it can remember: no file of an earlier run is to be trusted
	settled bool // not needed any more
}

func (t *tombstones) add(i id) { t.remember(func() { insert(&t.ids, i) }) }

func (t *tombstones) addGroup(group groupID) { t.remember(func() { insert(&t.groups, group) }) }

func (t *tombstones) addSpace(space hash) { t.remember(func() { insert(&t.spaces, space) }) }

func (t *tombstones) remember(one func()) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settled || t.all {
		return
	}
	one()
	t.bound()
}

func insert[T comparable](into *map[T]struct{}, one T) {
	if *into == nil {
		*into = make(map[T]struct{})
	}
	(*into)[one] = struct{}{}
}

func (t *tombstones) bound() {
	if len(t.ids)+len(t.groups)+len(t.spaces) > maxTombstones {
		t.ids, t.groups, t.spaces, t.all = nil, nil, nil, true
	}
}

// has reports whether a file that is not in the index must not be used: once all files are known, none.
func (t *tombstones) has(i id) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all || t.settled {
		return true
	}
	_, one := t.ids[i]
	_, group := t.groups[i.groupID]
	_, space := t.spaces[i.space]
	return one || group || space
}

// settle ends the remembering.
func (t *tombstones) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids, t.groups, t.spaces, t.all, t.settled = nil, nil, nil, false, true
}
