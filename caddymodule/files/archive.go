package files

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// archive is the archive of a state directory.
type archive struct {
	*assets.Archive
	dir string
}

// leaseArchive opens the archive below the state directory, or shares the one that is open. nil: there is to be none.
func leaseArchive(state string, settings Settings, log *zap.Logger) (*archive, error) {
	if settings.AssetsOff {
		return nil, nil
	}
	return leases.Lease(state, "assets", func(dir string) (*archive, error) {
		return &archive{assets.OpenArchive(dir, settings.AssetsSize, time.Duration(settings.AssetsMaxAge), log.Named("assets")), dir}, nil
	})
}

// Destruct implements caddy.Destructor.
func (a *archive) Destruct() error {
	if err := a.Close(); err != nil {
		return fmt.Errorf("closing the archive of files: %w", err)
	}
	return nil
}

// use has the archive know that the application of a zone is served, until the state is released.
func (f *State) use(space *assets.Space) *assets.Archive {
	if f == nil || f.archive == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.spaces, space.Is) {
		f.spaces = append(f.spaces, space)
		f.archive.Use(space, 1)
	}
	return f.archive.Archive
}

// releaseArchive gives the lease back.
func (f *State) releaseArchive() error {
	if f.archive == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, space := range f.spaces {
		f.archive.Use(space, -1)
	}
	return leases.Release(f.archive.dir)
}

// archived returns the file of an earlier build that a request wants, nil if there is none: one that neither the zone's
// build nor one beside it has, or, where the document that asks is of another deployment, may have with other bytes.
func (z *Zone) archived(r *http.Request, a *edge.Request, isBeside bool) *assets.Archived {
	isOwn := IsFile(a.Verdict)
	switch query := r.URL.RawQuery; {
	case z.archive == nil || z.Set == nil || r.Method != http.MethodGet && r.Method != http.MethodHead:
		return nil
	case isOwn && (query == "" || query == z.ownQuery || a.Verdict.Path != a.Path):
		return nil
	case !isOwn && a.Verdict.Reason != rules.Unknown:
		return nil
	}
	wanted := assets.WantedOf(a.Path, r.URL.RawQuery)
	isHere := wanted.Deployment == "" && isBeside || isOwn && (wanted.Deployment == "" || wanted.Deployment == z.deployment)
	if isHere {
		return nil
	}
	return z.archive.Find(z.space, wanted)
}

var (
	archiveBytes = archiveGauge("bytes", "Bytes on disk of files of earlier builds.", func(s assets.ArchiveStats) int64 { return s.Bytes })
	// archiveBuilds counts lists: of builds that were read, and of deployments of which files have passed through.
	archiveBuilds = archiveGauge("builds", "Builds of which files are kept.", func(s assets.ArchiveStats) int64 { return s.Builds })
)

func archiveGauge(name, help string, of func(assets.ArchiveStats) int64) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "static_archive_" + name, Help: help,
	}, func() float64 {
		if files := Current(); files != nil && files.archive != nil {
			return float64(of(files.archive.Stats()))
		}
		return 0
	})
}
