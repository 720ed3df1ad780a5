package assets

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// Space tells whose files are kept, or asked for: those of an application, by its name and by the places where it is
// served, such as "example.com :443". What answers for it and where its build lies is not in it. A deploy changes that,
// and what pages of the build before ask for then is what an archive is for.
//
// A list says at which places its build was served, and a space finds the lists that have one of its places. So an
// application is told apart from another one of its name that is served elsewhere, and keeps its files when a host is
// added to its site.
type Space struct {
	name   string
	places []string // sorted, each once
	key    spaceKey
}

// spaceKey stands for name and places: a look-up costs the same however many hosts a site has.
type spaceKey [sha256.Size]byte

// NewSpace returns the space of an application by its name and the places where it is served.
func NewSpace(name string, places ...string) *Space {
	s := &Space{name: name, places: sortedOnce(places)}
	s.key = sha256.Sum256([]byte(name + "\x00" + strings.Join(s.places, "\x00")))
	return s
}

// Is reports whether two spaces are the same.
func (s *Space) Is(other *Space) bool { return s.key == other.key }

func (s *Space) has(place string) bool {
	_, has := slices.BinarySearch(s.places, place)
	return has
}

func (s *Space) lacks(place string) bool { return !s.has(place) }

func sortedOnce(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// isOf reports whether a space finds a build. The caller holds the lock.
func (b *archivedBuild) isOf(s *Space) bool {
	return b.name == s.name && slices.ContainsFunc(b.places, s.has)
}

// isOnlyOf reports whether a build was served nowhere but at the places of a space. The caller holds the lock.
func (b *archivedBuild) isOnlyOf(s *Space) bool {
	return b.name == s.name && !slices.ContainsFunc(b.places, s.lacks)
}

// archiveSpace is what a space finds. It is kept up to date while the space is in use.
type archiveSpace struct {
	*Space
	users  int              // configurations that serve the application there
	builds []*archivedBuild // the one that was seen last comes first
	live   *archivedBuild   // the one that was last added there, nil: none was yet
}

// Use notes that a configuration serves an application, or with -1 that it does no longer. While one does, its newest
// build is live.
func (a *Archive) Use(of *Space, change int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.space(of)
	a.spaces[of.key] = s
	if s.users += change; s.users == 0 {
		delete(a.spaces, of.key)
	}
}

// space returns what a space finds. The caller holds the lock.
func (a *Archive) space(of *Space) *archiveSpace {
	if s := a.spaces[of.key]; s != nil {
		return s
	}
	s := &archiveSpace{Space: of}
	for _, b := range a.lists {
		s.insert(b)
	}
	return s
}

// insert adds a build, in the place that its age gives it, unless it is there or of others. The caller holds the lock.
func (s *archiveSpace) insert(b *archivedBuild) {
	if !b.isOf(s.Space) || slices.Contains(s.builds, b) {
		return
	}
	later := func(x, b *archivedBuild) int { return b.firstSeen.Compare(x.firstSeen) }
	at, _ := slices.BinarySearchFunc(s.builds, b, later)
	s.builds = slices.Insert(s.builds, at, b)
}

// newest returns the build that was live last, nil if there is none. The caller holds the lock.
func (s *archiveSpace) newest() *archivedBuild {
	newest := s.live
	for _, b := range s.builds {
		if s.live == nil && (newest == nil || b.last.After(newest.last)) {
			newest = b
		}
	}
	return newest
}

// insert makes a build known. The caller holds the lock.
func (a *Archive) insert(b *archivedBuild) {
	a.lists[b.list()] = b
	for _, s := range a.spaces {
		s.insert(b)
	}
}

// remove forgets a build. The caller holds the lock.
func (a *Archive) remove(b *archivedBuild) {
	delete(a.lists, b.list())
	for _, s := range a.spaces {
		s.builds = slices.DeleteFunc(s.builds, func(other *archivedBuild) bool { return other == b })
		if s.live == b {
			s.live = nil
		}
	}
}

// noteServed notes that a build is served at the places of a space, and is its newest one. The list is to be saved
// then. The caller holds the lock.
func (a *Archive) noteServed(b *archivedBuild, of *Space) {
	if slices.ContainsFunc(of.places, func(place string) bool { return !slices.Contains(b.places, place) }) {
		b.places, b.isUnsaved = sortedOnce(slices.Concat(b.places, of.places)), true
		a.insert(b)
	}
	if s := a.spaces[of.key]; s != nil {
		s.live = b
	}
}
