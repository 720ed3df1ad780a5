package files

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// ReadDirectories reads the builds in directories and describes their files, without an edge.
func ReadDirectories(ctx context.Context, dirs []string) (report.Files, error) {
	all := report.Files{Zones: []report.ZoneFiles{}}
	for _, dir := range dirs {
		build, err := describeDirectory(ctx, dir)
		if err != nil {
			return report.Files{}, err
		}
		all.Zones = append(all.Zones, report.ZoneFiles{Build: build})
	}
	return all, nil
}

func describeDirectory(ctx context.Context, dir string) (_ *report.BuildFiles, err error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for a build: %w", err)
	}
	b, err := nextbuild.Read(absolute)
	if err != nil {
		return nil, err
	}
	set, err := assets.NewSet(b, assets.Settings{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	sizes, err := measure(ctx, set)
	if err != nil {
		return nil, fmt.Errorf("measuring the files of the build in %s: %w", b.Dir, err)
	}
	d := describeBuild(b, rules.NewSet(b), set, func(file assets.File) report.Amount { return sizes[file.Path] })
	if b.StaticDir == "" {
		return d, nil
	}
	js, err := b.JavaScript()
	if err != nil {
		return nil, err
	}
	if d.JavaScript, err = describeJavaScript(js, sizes); err != nil {
		return nil, fmt.Errorf("adding up the scripts of the build in %s: %w", b.Dir, err)
	}
	return d, nil
}

// measure compresses every file that is worth it in every coding, on as many processors as there are, and returns the
// sizes by path.
func measure(ctx context.Context, set *assets.Set) (map[string]report.Amount, error) {
	type result struct {
		path  string
		size  report.Amount
		error error
	}
	files := set.Files()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, results := make(chan assets.File), make(chan result)
	var workers sync.WaitGroup
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for file := range work {
				size, err := measureFile(set, file)
				results <- result{file.Path, size, err}
			}
		})
	}
	go func() {
		defer close(results)
		defer workers.Wait()
		defer close(work)
		for _, file := range files {
			select {
			case work <- file:
			case <-ctx.Done():
				return
			}
		}
	}()
	sizes := make(map[string]report.Amount, len(files))
	var failure error
	for r := range results {
		if r.error != nil {
			failure = r.error
			cancel()
		}
		sizes[r.path] = r.size
	}
	if failure != nil {
		return nil, failure
	}
	return sizes, context.Cause(ctx)
}

// measureFile returns the size of one file, and those of its copies. A copy that is not smaller is none.
func measureFile(set *assets.Set, file assets.File) (report.Amount, error) {
	size := report.Amount{Files: 1, Bytes: file.Size}
	if !codings.Compressible(file.ContentType) {
		return size, nil
	}
	content, err := set.Content(file.Path)
	if err != nil {
		return report.Amount{}, err
	}
	for _, coding := range report.Codings {
		compressed, err := codings.Compress(coding, content)
		if err != nil {
			return report.Amount{}, fmt.Errorf("%s: %w", file.Path, err)
		}
		if bytes := int64(len(compressed)); bytes < file.Size {
			size.Add(report.Amount{Compressed: map[string]report.Copies{coding: {Files: 1, Bytes: bytes, Raw: file.Size}}})
		}
	}
	return size, nil
}
