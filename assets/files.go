package assets

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// File is what is known of one file of a set.
type File struct {
	// Path is its URL path below the basePath, as in nextbuild.Build.
	Path        string
	ContentType string
	// Size is in bytes.
	Size int64
	// InMemory says that it is kept in memory now.
	InMemory bool
	// Copies are the sizes of its compressed copies, in bytes, by coding.
	Copies map[string]int64
}

// Files returns the files of the set, sorted by path. They stay known when the set is closed.
func (s *Set) Files() []File {
	files := make([]File, 0, len(s.kept))
	for _, path := range slices.Sorted(maps.Keys(s.index.files)) {
		f := s.find(path)
		file := File{Path: path, ContentType: f.head.contentType[0], Size: f.size, InMemory: f.body.Load() != nil}
		if list := f.copies.Load(); list != nil {
			file.Copies = make(map[string]int64, len(*list))
			for _, c := range *list {
				file.Copies[c.coding] = c.size
			}
		}
		files = append(files, file)
	}
	return files
}

// Content reads a file of the set from the disk. One that is not in the set, or has changed or gone since it was made,
// is an error.
func (s *Set) Content(path string) ([]byte, error) {
	f := s.find(path)
	if f == nil {
		return nil, fmt.Errorf("reading %s: %w", path, os.ErrNotExist)
	}
	opened, err := f.open()
	if err != nil {
		return nil, err
	}
	if opened == nil {
		return nil, fmt.Errorf("%s has changed since the build was read", path)
	}
	defer func() { _ = opened.Close() }() // it was only read
	body, err := io.ReadAll(opened)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return body, nil
}
