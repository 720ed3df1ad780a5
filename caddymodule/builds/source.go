package builds

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Source is where a build is read from. Placeholders are replaced already.
type Source struct {
	// Build is what nextbuild.Read takes. Beside Export it may be empty.
	Build string
	// Export is the directory that `next build` wrote with `output: 'export'`, or empty.
	Export string
}

// key is equal for sources that are the same directories.
func (s Source) key() (string, error) {
	var parts []string
	for _, dir := range [...]string{s.Build, s.Export} {
		if dir != "" {
			absolute, err := filepath.Abs(dir)
			if err != nil {
				return "", fmt.Errorf("finding the directory %s: %w", dir, err)
			}
			dir = absolute
		}
		parts = append(parts, dir)
	}
	return strings.Join(parts, "\x00"), nil
}

// hash identifies the state of the directories.
func (s Source) hash() (string, error) {
	if s.Export == "" {
		return nextbuild.Hash(s.Build)
	}
	hash, err := nextbuild.HashExport(s.Export)
	if err != nil || s.Build == "" {
		return hash, err
	}
	beside, err := nextbuild.Hash(s.Build)
	return hash + " " + beside, err
}

// filesHash identifies the state of the files of a build, which its own hash does not: public files that were added
// or written over, folders that may be read meanwhile. A configuration that begins asks for it, and nobody else, for it
// looks at each file. An export's own hash tells of all of them.
func filesHash(b *nextbuild.Build) string {
	sum := fnv.New64a()
	for _, dir := range fileDirs(b) {
		// What cannot be read counts as what the error says.
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			var info fs.FileInfo
			if err == nil && !entry.IsDir() {
				info, err = os.Stat(path) // of what a link leads to
			}
			switch {
			case err != nil:
				_, _ = fmt.Fprintf(sum, "%s %v\n", path, err)
			case info != nil:
				_, _ = fmt.Fprintf(sum, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return fmt.Sprintf("%x", sum.Sum64())
}

// fileDirs returns where the files of a build are, or would be if it had any.
func fileDirs(b *nextbuild.Build) []string {
	static, public := b.StaticDir, b.PublicDir
	if static == "" {
		static = filepath.Join(b.Dir, "static")
	}
	if public == "" {
		root := strings.TrimSuffix(b.Dir, string(filepath.Separator)+filepath.Clean(filepath.FromSlash(b.DistDir)))
		public = filepath.Join(root, "public")
	}
	return []string{static, public}
}
