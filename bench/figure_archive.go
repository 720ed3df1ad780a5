package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// siteVariants are how many builds of siteApp there are that differ in one component (bench/site/variants.mjs).
const siteVariants = 5

// measureArchive tells how large the archive of files becomes with builds that differ in one component, next to one
// with the first of them.
func (b *bench) measureArchive(ctx context.Context) ([]row, error) {
	var dirs []string
	for n := range siteVariants {
		dir := filepath.Join(siteApp, fmt.Sprintf(".next-%d", n+1))
		if _, err := os.Stat(filepath.Join(dir, "BUILD_ID")); errors.Is(err, os.ErrNotExist) {
			b.skip(siteApp + ": its variants are not built, skipped")
			return nil, nil
		}
		dirs = append(dirs, dir)
	}
	one, err := b.archivedBytes(ctx, dirs[:1])
	if err != nil {
		return nil, err
	}
	all, err := b.archivedBytes(ctx, dirs)
	if err != nil {
		return nil, err
	}
	return []row{{
		Name: fmt.Sprintf("archive of the files of %d builds with one component changed each", siteVariants), Unit: "kB",
		Ours: all / 1000, Peer: "one build", Theirs: one / 1000,
		Ratio: &ratios{Median: all / one, Low: all / one, High: all / one}, limits: limits{Limit: 1.5},
	}}, nil
}

// archivedBytes archives builds of one application, and returns how large the files of the archive are.
func (b *bench) archivedBytes(ctx context.Context, builds []string) (bytes float64, err error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("archive-%d", len(builds)))
	archive := assets.OpenArchive(dir, 0, 0, zap.NewNop()) //nolint:contextcheck // it is closed below
	defer func() { err = errors.Join(err, archive.Close()) }()
	for n, path := range builds {
		build, err := nextbuild.Read(path)
		if err != nil {
			return 0, fmt.Errorf("reading a build: %w", err)
		}
		set, err := assets.NewSet(build, assets.Settings{})
		if err != nil {
			return 0, fmt.Errorf("preparing the files of a build: %w", err)
		}
		defer set.Close() // it was copied
		archive.Add(assets.NewSpace("site", ":80"), build.DeploymentID, set)
		if err := awaitArchived(ctx, archive, n+1); err != nil {
			return 0, err
		}
	}
	return sizeBelow(dir)
}

// awaitArchived waits until the archive has as many builds.
func awaitArchived(ctx context.Context, archive *assets.Archive, builds int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for archive.Stats().Builds < int64(builds) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until build %d is archived: %w", builds, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// sizeBelow returns how many bytes the files below a directory have.
func sizeBelow(dir string) (bytes float64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += float64(info.Size())
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the archive: %w", err)
	}
	return bytes, nil
}
