package main

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// imageApp is a standalone build of Next.js that has the image optimizer and no settings of its own.
const imageApp = "e2e/fixtures/images"

const nameNext = "Next.js"

// imageFormats are what is made of JPEG for different clients. Limits are of the CPU time, against Next.js.
var imageFormats = []struct {
	name, accept, imgproxy string
	limits
}{
	{"JPEG", "*/*", "jpg", limits{Limit: 0.80}},
	{"WebP", "image/webp,*/*", "webp", limits{Limit: 1.05}},
	{"AVIF", "image/avif,image/webp,*/*", "avif", limits{Limit: 0.90}},
}

var imageWidths = []int{256, 640, 1200, 1920}

// images are the servers that make pictures of one set of files.
type images struct {
	*bench
	subjects []subject
	names    []string
	rounds   int
}

// measureImages compares what pictures cost: made anew, in CPU time and memory, and found in the cache.
func measureImages(ctx context.Context, b *bench) ([]row, error) {
	if b.node == "" {
		return nil, nil
	}
	// Each format is compared with itself.
	i, err := b.startImages(ctx, "nextjs {\n\t\timage {\n\t\t\tfirst_format_after off\n\t\t}\n\t}")
	if err != nil || i == nil {
		return nil, err
	}
	var rows []row
	for n, format := range imageFormats {
		measured, bytes := map[string][]float64{}, map[string][]float64{}
		for round := range i.rounds {
			for _, s := range i.turn(round) {
				cpu, size, err := i.makeAll(ctx, s, round, n)
				if err != nil {
					return rows, fmt.Errorf("%s: %w", s.name, err)
				}
				measured[s.name] = append(measured[s.name], cpu)
				bytes[s.name] = append(bytes[s.name], size)
			}
		}
		rows = append(rows, compareAll(fmt.Sprintf("%s of %d photographs, CPU per picture", format.name, len(i.names)), "ms", measured, format.limits)...)
		rows = append(rows, compareAll(format.name+", bytes per picture", "KB", bytes, limits{Limit: 1.04})...)
	}
	memory, err := i.memory()
	if err != nil {
		return rows, err
	}
	rows = append(rows, memory...)
	hits, err := i.hits(ctx)
	return append(rows, hits...), err
}

// startImages starts ours, Next.js and imgproxy, if that is installed, over the same files. Each round has files of its
// own, so that nothing is found in a cache. global is an option of ours. Nil: the application is not built.
func (b *bench) startImages(ctx context.Context, global string) (*images, error) {
	built := filepath.Join(imageApp, ".next", "standalone")
	if _, err := os.Stat(filepath.Join(built, "server.js")); err != nil {
		b.skip(imageApp + ": not built, skipped")
		return nil, nil
	}
	i := &images{bench: b, rounds: b.imageRounds}
	app := filepath.Join(b.dir, "images")
	if err := copyStandalone(app, built); err != nil {
		return nil, err
	}
	var err error
	if i.names, err = i.fill(filepath.Join(app, "public")); err != nil {
		return nil, err
	}
	// What compresses the files of the build in the background would be counted with the pictures.
	site := fmt.Sprintf("nextjs localhost:1 {\n\t\tbuild %s\n\t\tstatic off\n\t}", app)
	ours, err := b.startCaddyWith(ctx, b.caddy, nameOurs, global, site, "off")
	if err != nil {
		return nil, err
	}
	next, err := b.startNode(ctx, filepath.Join(app, "server.js"))
	if err != nil {
		return nil, err
	}
	i.subjects = []subject{ours, {name: nameNext, addr: next.addr, process: next}}
	imgproxy, err := exec.LookPath(nameImgproxy)
	if err != nil {
		b.skip("imgproxy: not installed, skipped")
		return i, nil
	}
	s, err := b.startImgproxy(ctx, imgproxy, filepath.Join(app, "public"))
	i.subjects = append(i.subjects, s)
	return i, err
}

// fill writes the files of each round, and one to warm up with.
func (i *images) fill(public string) ([]string, error) {
	if err := os.MkdirAll(filepath.Join(public, "0"), 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for photographs: %w", err)
	}
	names, err := writePhotographs(filepath.Join(public, "0"), i.photographs)
	if err != nil {
		return nil, err
	}
	for round := 1; round <= i.rounds; round++ {
		folder := filepath.Join(public, fmt.Sprint(round))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for photographs: %w", err)
		}
		for _, name := range names {
			if err := os.Link(filepath.Join(public, "0", name), filepath.Join(folder, name)); err != nil {
				return nil, fmt.Errorf("linking a photograph: %w", err)
			}
		}
	}
	return names, nil
}

// turn is the order of subjects in a round.
func (i *images) turn(round int) []subject {
	order := slices.Clone(i.subjects)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// makeAll has all photographs of a round made in one format. It returns the milliseconds of CPU time per picture, as
// the geometric mean over the widths, and the kilobytes per picture likewise.
func (i *images) makeAll(ctx context.Context, s subject, round, format int) (cpu, size float64, err error) {
	// The first picture of a process loads code.
	if round == 0 {
		if _, _, err := i.make(ctx, s, 0, format, 256); err != nil {
			return 0, 0, err
		}
	}
	cpu, size = 1, 1
	for _, width := range imageWidths {
		spent, bytes, err := i.make(ctx, s, round+1, format, width)
		if err != nil {
			return 0, 0, err
		}
		count := float64(len(i.names))
		cpu *= spent.Seconds() * 1000 / count
		size *= float64(bytes) / 1000 / count
	}
	root := 1 / float64(len(imageWidths))
	return math.Pow(cpu, root), math.Pow(size, root), nil
}

// make has the photographs of one folder made in one width.
func (i *images) make(ctx context.Context, s subject, folder, format, width int) (cpu time.Duration, bytes int64, err error) {
	var paths []string
	for _, name := range i.names {
		paths = append(paths, s.imagePath(fmt.Sprintf("/%d/%s", folder, name), format, width))
	}
	l := load{paths: paths, requests: len(paths), concurrency: 2, minLength: 500, accept: imageFormats[format].accept}
	spent, err := cpuOf(func() (err error) {
		bytes, err = l.transfer(ctx, s.addr)
		return err
	}, s.process)
	if err != nil {
		return 0, 0, err
	}
	return spent[0], bytes, nil
}

// imagePath is where a server has a picture.
func (s subject) imagePath(source string, format, width int) string {
	if s.name == nameImgproxy {
		return imgproxyPath(source, imageFormats[format].imgproxy, width)
	}
	return fmt.Sprintf("/_next/image?url=%s&w=%d&q=75", url.QueryEscape(source), width)
}

// memory tells the most that each server had in memory while it made all of that.
func (i *images) memory() ([]row, error) {
	measured := map[string][]float64{}
	for _, s := range i.subjects {
		used, err := groupUsage(s.process.group())
		if err != nil {
			return nil, err
		}
		measured[s.name] = []float64{mebibytes(used.peak)}
	}
	return compareAll("peak memory over all pictures", "MiB", measured, limits{Limit: 0.5}), nil
}

// hits compares pictures that are found in the cache: with those of Next.js, and with a file of the same size.
func (i *images) hits(ctx context.Context) ([]row, error) {
	const wanted = 36_000
	ours, next := i.subjects[0], i.subjects[1]
	path, best := "", int64(math.MaxInt64)
	for _, name := range i.names {
		for _, width := range []int{256, 384, 640, 750, 828, 1080} {
			candidate := ours.imagePath("/0/"+name, 1, width)
			size, err := load{paths: []string{candidate}, requests: 1, concurrency: 1, accept: imageFormats[1].accept}.transfer(ctx, ours.addr)
			if err != nil {
				return nil, err
			}
			if off := max(size-wanted, wanted-size); off < best {
				path, best = candidate, off
			}
		}
	}
	size, err := load{paths: []string{path}, requests: 1, concurrency: 1, accept: imageFormats[1].accept}.transfer(ctx, ours.addr)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(i.dir, "picture")
	if err := os.MkdirAll(filepath.Join(root, "_next"), 0o700); err != nil {
		return nil, fmt.Errorf("making the root of the file server: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "_next", "image"), []byte(randomText(int(size))), 0o600); err != nil {
		return nil, fmt.Errorf("writing a file: %w", err)
	}
	stock, err := i.startCaddy(ctx, nameStock, fmt.Sprintf("root * %s\n\tfile_server", root), "off")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, pair := range []struct {
		peer     subject
		requests int
		limits
	}{{stock, i.requests, limits{Limit: 0.6}}, {next, i.requests / 4, limits{Limit: 0.35}}} {
		subjects := []subject{ours, pair.peer}
		l := load{paths: []string{path}, requests: pair.requests, concurrency: concurrency, minLength: 1000, accept: imageFormats[1].accept}
		if err := l.warm(ctx, subjects); err != nil {
			return rows, err
		}
		measured, err := interleave(ctx, min(i.bench.rounds, 9), subjects, l.cpuPerRequest)
		if err != nil {
			return rows, err
		}
		rows = append(rows, compareAll(fmt.Sprintf("picture of %d KB from the cache, CPU per request", size/1000), "us", measured, pair.limits)...)
	}
	return rows, nil
}
