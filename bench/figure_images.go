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
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/bench/corpus"
)

// imageApp is a standalone build of Next.js that has the image optimizer and no settings of its own.
const imageApp = "e2e/fixtures/images"

const nameNext = "Next.js"

// imageFormats are what is made for different clients. A source's own type is for those that take nothing newer.
// limits are of the CPU time, bytes those of the bytes, against Next.js.
var imageFormats = []struct {
	name, accept, imgproxy string
	source                 string // extension of the sources; empty: all
	limits
	bytes limits
}{
	{"JPEG", "*/*", "jpg", "jpg", limits{Limit: 0.80}, limits{Limit: 1.04}},
	{"PNG", "*/*", "png", "png", limits{}, limits{Limit: 1.05}},
	{"WebP", webpAccept, "webp", "", limits{Limit: 1.05}, limits{Limit: 1.04}},
	{"AVIF", "image/avif,image/webp,*/*", "avif", "", limits{Limit: 0.90}, limits{Limit: 1.04}},
}

const (
	webpAccept = "image/webp,*/*"
	webpFormat = 2 // in imageFormats
	avifFormat = 3
)

var imageWidths = []int{256, 640, 1200, 1920}

// images are the servers that make pictures of one set of files.
type images struct {
	*bench
	subjects []subject
	classes  []corpus.Class // of the names of files
	rounds   int
}

// measureImages compares what pictures cost: made anew, in CPU time and memory, and found in the cache.
func measureImages(ctx context.Context, b *bench) ([]row, error) {
	if b.node == "" {
		return nil, nil
	}
	// Each format is compared with itself. On a busy machine a wide AVIF keeps the next picture waiting for longer than
	// the default.
	i, err := b.startImages(ctx, "nextjs {\n\t\timage {\n\t\t\tfirst_format_after off\n\t\t\tqueue_wait 5m\n\t\t}\n\t}")
	if err != nil || i == nil {
		return nil, err
	}
	var rows []row
	for _, class := range i.classes {
		for n, format := range imageFormats {
			names := class.Files
			if format.source != "" {
				names = class.OfType(format.source)
			}
			if len(names) == 0 {
				continue
			}
			made, err := i.compareFormat(ctx, names, n)
			if err != nil {
				return rows, err
			}
			what := fmt.Sprintf("%s of %d %s", format.name, len(names), class.Name)
			rows = append(rows, compareAll(what+", CPU per picture", "ms", made.cpu, format.limits)...)
			rows = append(rows, compareAll(what+", bytes per picture", "KB", made.bytes, format.bytes)...)
		}
	}
	memory, err := i.memory()
	if err != nil {
		return rows, err
	}
	rows = append(rows, memory...)
	hits, err := i.hits(ctx)
	return append(rows, hits...), err
}

// made is what pictures took of each subject, by round.
type made struct{ cpu, bytes map[string][]float64 }

// compareFormat has pictures made in one format by all subjects, in turn.
func (i *images) compareFormat(ctx context.Context, names []string, format int) (made, error) {
	m := made{map[string][]float64{}, map[string][]float64{}}
	for round := range i.rounds {
		for _, s := range i.turn(round) {
			cpu, size, err := i.makeAll(ctx, s, names, round, format)
			if err != nil {
				return m, fmt.Errorf("%s: %w", s.name, err)
			}
			m.cpu[s.name] = append(m.cpu[s.name], cpu)
			m.bytes[s.name] = append(m.bytes[s.name], size)
		}
	}
	return m, nil
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
	if i.classes, err = i.fill(filepath.Join(app, "public")); err != nil {
		return nil, err
	}
	for _, class := range i.classes {
		b.note(class.Name + ": " + strings.Join(class.Files, ", "))
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
func (i *images) fill(public string) ([]corpus.Class, error) {
	classes, err := writePictures(filepath.Join(public, "0"), i.pictures)
	if err != nil {
		return nil, err
	}
	for round := 1; round <= i.rounds; round++ {
		folder := filepath.Join(public, fmt.Sprint(round))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for pictures: %w", err)
		}
		for _, class := range classes {
			for _, name := range class.Files {
				if err := os.Link(filepath.Join(public, "0", name), filepath.Join(folder, name)); err != nil {
					return nil, fmt.Errorf("linking a picture: %w", err)
				}
			}
		}
	}
	return classes, nil
}

// turn is the order of subjects in a round.
func (i *images) turn(round int) []subject {
	order := slices.Clone(i.subjects)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// makeAll has pictures of a round made in one format. It returns the milliseconds of CPU time per picture, as the
// geometric mean over the widths, and the kilobytes per picture likewise.
func (i *images) makeAll(
	ctx context.Context, s subject, names []string, round, format int,
) (cpu, size float64, err error) {
	// The first picture of a process loads code.
	if round == 0 {
		if _, _, err := i.make(ctx, s, names, 0, format, 256); err != nil {
			return 0, 0, err
		}
	}
	cpu, size = 1, 1
	for _, width := range imageWidths {
		spent, bytes, err := i.make(ctx, s, names, round+1, format, width)
		if err != nil {
			return 0, 0, err
		}
		count := float64(len(names))
		cpu *= spent.Seconds() * 1000 / count
		size *= float64(bytes) / 1000 / count
	}
	root := 1 / float64(len(imageWidths))
	return math.Pow(cpu, root), math.Pow(size, root), nil
}

// make has pictures of one folder made in one width.
func (i *images) make(
	ctx context.Context, s subject, names []string, folder, format, width int,
) (cpu time.Duration, bytes int64, err error) {
	var paths []string
	for _, name := range names {
		paths = append(paths, s.imagePath(fmt.Sprintf("/%d/%s", folder, name), format, width))
	}
	l := load{paths: paths, requests: len(paths), concurrency: 2, minLength: 300, accept: imageFormats[format].accept}
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
	path, size := "", int64(math.MaxInt64)
	for _, name := range i.classes[0].Files {
		for _, width := range []int{256, 384, 640, 750, 828, 1080} {
			candidate := ours.imagePath("/0/"+name, webpFormat, width)
			once := load{paths: []string{candidate}, requests: 1, concurrency: 1, accept: webpAccept}
			length, err := once.transfer(ctx, ours.addr)
			if err != nil {
				return nil, err
			}
			if max(length-wanted, wanted-length) < max(size-wanted, wanted-size) {
				path, size = candidate, length
			}
		}
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
		l := load{
			paths: []string{path}, requests: pair.requests, concurrency: concurrency, minLength: 1000, accept: webpAccept,
		}
		if err := l.warm(ctx, subjects); err != nil {
			return rows, err
		}
		measured, err := interleave(ctx, min(i.bench.rounds, 9), subjects, l.cpuPerRequest)
		if err != nil {
			return rows, err
		}
		what := fmt.Sprintf("picture of %d KB from the cache, CPU per request", size/1000)
		rows = append(rows, compareAll(what, "us", measured, pair.limits)...)
	}
	return rows, nil
}
