package builds

import (
	"errors"
	"fmt"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Build is what a build or an export says, prepared for requests. It does not change, and all who are served from it
// share it.
type Build struct {
	*nextbuild.Build
	// Claims are the paths that the build names.
	Claims *zones.Claims
	// RuleSet are the rules of the build; nil: it is an export.
	RuleSet *rules.Set
	// Export is nil for a build that Next.js serves.
	Export *Export

	index     *assets.Index
	filesHash string // see the function of that name
	// leases and sets are guarded by the mutex of the directory.
	leases int
	sets   map[assets.Settings]*sharedSet
}

// Export is what an exported application says beside its build.
type Export struct {
	// Dir is where its files are.
	Dir string
	// RuleSet are its rules.
	RuleSet *rules.Exported
	// AssetPrefix is what its pages say of where their files are. "": the build beside it says where it is.
	AssetPrefix string
	// Needs are what its build has and only a server could do.
	Needs []string
}

// sharedSet is the set of all snapshots with the same settings.
type sharedSet struct {
	set   *assets.Set
	users int
}

// read reads what is in the directories. The error names the directory at fault: "build: …" or "export: …".
func (s Source) read() (*Build, error) {
	if s.Export != "" {
		return s.readExport()
	}
	read, err := nextbuild.Read(s.Build)
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	files := filesHash(read)
	index, err := assets.NewIndex(read)
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	return &Build{
		Build: read, Claims: zones.NewClaims(read), RuleSet: rules.NewSet(read),
		index: index, filesHash: files, sets: map[assets.Settings]*sharedSet{},
	}, nil
}

// readExport reads the export, and the build beside it if there is one.
func (s Source) readExport() (*Build, error) {
	read, err := nextbuild.ReadExport(s.Export)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	// One without a build says nothing of itself.
	build := &nextbuild.Build{ID: read.IDs[0], Hash: read.Hash}
	if s.Build != "" {
		if build, err = nextbuild.Read(s.Build); err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
		if err := read.Fits(build); err != nil {
			return nil, err // it says that it is about both
		}
		build.Hash = read.Hash + " " + build.Hash
	}
	index, err := assets.NewExportIndex(read, build.BasePath)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	read.Files = slices.DeleteFunc(read.Files, func(path string) bool { return !index.Has(path) })
	export := &Export{Dir: read.Dir, Needs: build.NeedsServer(read)}
	if s.Build == "" {
		export.RuleSet, export.AssetPrefix = rules.NewExported(read, nil), read.AssetPrefix
	} else {
		export.RuleSet = rules.NewExported(read, build)
	}
	return &Build{
		Build: build, Claims: zones.NewExportClaims(build, read), Export: export,
		index: index, sets: map[assets.Settings]*sharedSet{},
	}, nil
}

// isChanged reports whether files of the build are others than when it was read, though its hash is the same.
func (b *Build) isChanged() bool { return b.Export == nil && b.filesHash != filesHash(b.Build) }

// retain counts one more who has the build. It is given back by release.
func (b *Build) retain() *Build {
	if b != nil {
		b.leases++
	}
	return b
}

// release gives the build back. Directory.collect closes one that nobody has any more.
func (b *Build) release() {
	if b != nil {
		b.leases--
	}
}

// Snapshot is a build as one configuration serves it. It is the subscription's, which closes it.
type Snapshot struct {
	*Build
	// Files are those of the build, and what the configuration keeps of them.
	Files    *assets.Set
	settings assets.Settings
}

// snapshot returns the build with the files as settings say.
func (b *Build) snapshot(settings assets.Settings) *Snapshot {
	shared := b.sets[settings]
	if shared == nil {
		shared = &sharedSet{set: b.index.NewSet(settings)}
		b.sets[settings] = shared
	}
	shared.users++
	return &Snapshot{Build: b.retain(), Files: shared.set, settings: settings}
}

// close gives the snapshot back. Requests that have acquired its files keep them until they end.
func (s *Snapshot) close() error {
	if s == nil {
		return nil
	}
	defer s.release()
	shared := s.sets[s.settings]
	shared.users--
	if shared.users > 0 {
		return nil
	}
	delete(s.sets, s.settings)
	return shared.set.Close()
}

// closeAll gives snapshots back.
func closeAll(list ...*Snapshot) error {
	var errs []error
	for _, s := range list {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
