package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// archiveVersion is that of the format of lists. Those of other versions are dropped.
const archiveVersion = 2

// storedList is a list as it is written.
type storedList struct {
	Version    int                   `json:"version"`
	Name       string                `json:"name"`
	Places     []string              `json:"places"`
	ID         string                `json:"id"`
	Deployment string                `json:"deployment,omitempty"`
	Build      string                `json:"build,omitempty"`
	IsLearnt   bool                  `json:"learnt,omitempty"`
	FirstSeen  time.Time             `json:"first_seen"`
	Files      map[string]storedFile `json:"files"`
}

type storedFile struct {
	Sum     string             `json:"sha256"`
	Size    int64              `json:"size"`
	Headers []nextbuild.Header `json:"headers,omitempty"`
}

// readLists reads the lists that earlier processes have written. One that is damaged is removed.
func (a *Archive) readLists() error {
	entries, err := os.ReadDir(filepath.Join(a.dir, listsDir))
	if err != nil {
		return fmt.Errorf("reading the lists of the archive: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, entry := range entries {
		path := filepath.Join(a.dir, listsDir, entry.Name())
		b, err := a.readList(path)
		if err != nil {
			a.log.Warn("a list of the archive is damaged: files of this build are missing",
				zap.String("list", path), zap.Error(err))
			_ = os.Remove(path) // it is passed over at the next start, too
			continue
		}
		a.insert(b)
		a.bytes += b.listSize
	}
	return nil
}

// readList reads a list, and counts what it has. The caller holds the lock.
func (a *Archive) readList(path string) (*archivedBuild, error) {
	text, err := os.ReadFile(path) //nolint:gosec // it is below the state directory
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var stored storedList
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	b := &archivedBuild{
		name: stored.Name, id: stored.ID, places: sortedOnce(stored.Places), isLearnt: stored.IsLearnt,
		deployment: stored.Deployment, build: stored.Build, firstSeen: stored.FirstSeen, last: info.ModTime(),
		files: make(map[string]archivedFile, len(stored.Files)), listSize: int64(len(text)),
	}
	if stored.Version != archiveVersion || a.listPath(b) != path {
		return nil, fmt.Errorf("it is of version %d, or of another build", stored.Version)
	}
	sums := make(map[string]blobSum, len(stored.Files))
	for name, f := range stored.Files {
		sum, err := hex.DecodeString(f.Sum)
		if err != nil || len(sum) != len(blobSum{}) || f.Size < 0 {
			return nil, fmt.Errorf("%s has no SHA-256 or no size", name)
		}
		sums[name] = blobSum(sum)
	}
	for name, f := range stored.Files {
		b.files[name] = archivedFile{a.retain(sums[name], f.Size), f.Headers}
	}
	return b, nil
}

// list is the name of the file that has the list of a build.
func (b *archivedBuild) list() string {
	sum := sha256.Sum256([]byte(b.name + "\x00" + b.id))
	return hex.EncodeToString(sum[:]) + ".json"
}

// listPath is where the list of a build is.
func (a *Archive) listPath(b *archivedBuild) string { return filepath.Join(a.dir, listsDir, b.list()) }

// writeList writes the list of a build in the place of the one before.
func (a *Archive) writeList(b *archivedBuild) error {
	text, err := json.Marshal(a.stored(b))
	if err != nil {
		return fmt.Errorf("writing a list of the archive: %w", err)
	}
	err = a.write(a.listPath(b), func(f *os.File) error {
		if _, err := f.Write(text); err != nil {
			return err
		}
		return f.Sync()
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		b.isUnsaved = true
		return fmt.Errorf("writing a list of the archive: %w", err)
	}
	a.bytes += int64(len(text)) - b.listSize
	b.listSize = int64(len(text))
	return nil
}

// save writes the lists that have changed.
func (a *Archive) save() {
	a.mu.RLock()
	var unsaved []*archivedBuild
	for _, b := range a.lists {
		if b.isUnsaved {
			unsaved = append(unsaved, b)
		}
	}
	a.mu.RUnlock()
	for _, b := range unsaved {
		a.note(a.writeList(b))
	}
}

// stored returns the list of a build as it is to be written.
func (a *Archive) stored(b *archivedBuild) storedList {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.isUnsaved = false
	list := storedList{
		Version: archiveVersion, Name: b.name, Places: b.places, ID: b.id, Deployment: b.deployment, Build: b.build,
		IsLearnt: b.isLearnt, FirstSeen: b.firstSeen, Files: make(map[string]storedFile, len(b.files)),
	}
	for name, f := range b.files {
		list.Files[name] = storedFile{hex.EncodeToString(f.blob.sum[:]), f.blob.size, f.more}
	}
	return list
}
