package blobstore

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// Key names an entry. Both parts may be any text.
type Key struct {
	Space string // what is deleted together by DeleteSpace
	Name  string
}

// hash stands for a text of any length in the index and in file names. Two texts with the same hash are told apart by the key in
// the file.
type hash [16]byte

// id is the place of a key on disk and in the index.
type id struct{ space, name hash }

func hashOf(text string) hash {
	sum := sha256.Sum256([]byte(text))
	return hash(sum[:len(hash{})])
}

func (k Key) id() id { return id{hashOf(k.Space), hashOf(k.Name)} }

// spacePath is the directory of a space, relative to the directory of entries.
func spacePath(space hash) string { return hex.EncodeToString(space[:]) }

// path is the file of an entry, relative to the directory of entries: 256 directories below that of the space keep each of them
// short.
func (i id) path() string {
	name := hex.EncodeToString(i.name[:])
	return filepath.Join(spacePath(i.space), name[:2], name[2:])
}

// parseSpace is the inverse of spacePath.
func parseSpace(name string) (space hash, ok bool) {
	ok = decodeHash(&space, name)
	return space, ok
}

// parseName is the inverse of the part of path below the space: fan is the directory and rest the file.
func parseName(fan, rest string) (name hash, ok bool) {
	ok = len(fan) == 2 && decodeHash(&name, fan+rest)
	return name, ok
}

func decodeHash(into *hash, text string) bool {
	if len(text) != hex.EncodedLen(len(into)) {
		return false
	}
	if _, err := hex.Decode(into[:], []byte(text)); err != nil {
		return false
	}
	return hex.EncodeToString(into[:]) == text // lower case only, as we write it
}
