package blobstore

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// Key names an entry. Each part may be any text.
//
// A group is for what is few, such as the variants of one picture: its entries share a lock and a directory.
type Key struct {
	Space string // what is deleted together by DeleteSpace
	Group string // what is deleted together by DeleteGroup, within its space; "" is a group like any other
	Name  string
}

// ofGroup is the key of a whole group.
func (k Key) ofGroup() Key { return Key{Space: k.Space, Group: k.Group} }

// ofSpace is the key of a whole space.
func (k Key) ofSpace() Key { return Key{Space: k.Space} }

// hash stands for a text of any length in the index and in file names. Two texts with the same hash are told apart by
// the key in the file.
type hash [16]byte

// half is a hash of half the length. Two groups of one space with the same half are deleted together, two names of one
// group with the same half replace each other: once in billions of keys, a miss.
type half [8]byte

// groupID is the place of a group on disk and in the index.
type groupID struct {
	space hash
	group half
}

// id is the place of a key on disk and in the index.
type id struct {
	groupID
	name half
}

func hashOf(text string) hash {
	sum := sha256.Sum256([]byte(text))
	return hash(sum[:len(hash{})])
}

func halfOf(text string) half {
	full := hashOf(text)
	return half(full[:len(half{})])
}

func (k Key) groupID() groupID { return groupID{hashOf(k.Space), halfOf(k.Group)} }

func (k Key) id() id { return id{k.groupID(), halfOf(k.Name)} }

// spacePath is the directory of a space, relative to the directory of entries.
func spacePath(space hash) string { return hex.EncodeToString(space[:]) }

// dir is the directory of the entries of a group, relative to the directory of entries: 256 directories below that of
// the space keep each of them short.
func (g groupID) dir() string {
	return filepath.Join(spacePath(g.space), hex.EncodeToString(g.group[:1]))
}

// path is the file of an entry, relative to the directory of entries. All files of a group are in one directory, and
// their names begin alike, so that they are found without the index.
func (i id) path() string {
	return filepath.Join(i.dir(), hex.EncodeToString(i.group[1:])+hex.EncodeToString(i.name[:]))
}

// parseSpace is the inverse of spacePath.
func parseSpace(name string) (space hash, ok bool) {
	ok = decodeHex(space[:], name)
	return space, ok
}

// parseName is the inverse of the part of path below the space: fan is the directory and rest the file.
func parseName(fan, rest string) (group, name half, ok bool) {
	var both hash
	ok = len(fan) == 2 && decodeHex(both[:], fan+rest)
	return half(both[:len(group)]), half(both[len(group):]), ok
}

func decodeHex(into []byte, text string) bool {
	if len(text) != hex.EncodedLen(len(into)) {
		return false
	}
	if _, err := hex.Decode(into, []byte(text)); err != nil {
		return false
	}
	return hex.EncodeToString(into) == text // lower case only, as we write it
}
