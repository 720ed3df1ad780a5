package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// entriesDir is the directory of entries. Another version of the format has another one, so that its files are never
// taken for entries of this one, nor counted as such.
var entriesDir = "entries-" + strconv.Itoa(version)

// entriesOfAnyVersion is the name of such a directory; that of version 1 has no number.
var entriesOfAnyVersion = regexp.MustCompile(`^entries(-[0-9]+)?$`)

// retireVersions moves the entries of other versions of the format to the trash: they can never be read here, and would
// take room that no bound counts.
func (d *disk) retireVersions() error {
	found, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for entries of other versions: %w", err)
	}
	var errs error
	for _, dir := range found {
		if name := dir.Name(); dir.IsDir() && name != entriesDir && entriesOfAnyVersion.MatchString(name) {
			errs = errors.Join(errs, d.retireVersion(filepath.Join(d.dir, name)))
		}
	}
	return errs
}

// retireVersion moves the spaces in a directory of entries to the trash one by one, as that is emptied bit by bit, and
// removes the directory if nothing else is in it.
func (d *disk) retireVersion(dir string) error {
	found, err := os.ReadDir(dir)
	errs, others := err, false
	for _, space := range found {
		if _, ok := parseSpace(space.Name()); ok {
			errs = errors.Join(errs, d.moveToTrash(filepath.Join(dir, space.Name())))
		} else {
			others = true // not ours
		}
	}
	if errs == nil && !others {
		errs = os.Remove(dir)
	}
	if errs != nil {
		return fmt.Errorf("removing entries of another version: %w", errs)
	}
	return nil
}
