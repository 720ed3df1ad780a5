package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/bench/corpus"
	"github.com/caddy-nextjs/caddy-nextjs/internal/sharp"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

type bench struct {
	format       string
	check        bool
	classes      []corpus.Class
	widths       []int
	asked, tried []int
	sharp        *sharp.Sharp
	dir          string
	theirs, ours map[int][]result // of one class, by quality; pictures and widths are in the same order for each quality
}

// result is one picture.
type result struct {
	bytes        int
	ssim, smooth float64
	cpu          time.Duration
}

// types are those of sources, by the ends of their names.
var types = map[string]string{".jpg": vips.JPEG, ".jpeg": vips.JPEG, ".png": vips.PNG, ".webp": vips.WebP}

func (b *bench) run() error {
	tried := map[int]bool{}
	for _, q := range b.tried {
		tried[q] = true
	}
	if b.check {
		clear(tried)
		for _, q := range b.asked {
			tried[ourQuality(b.format, q)] = true
		}
	}
	for _, class := range b.classes {
		b.theirs, b.ours = map[int][]result{}, map[int][]result{}
		for n, picture := range class.Files {
			fmt.Fprintf(os.Stderr, "\r%s, %d of %d ", class.Name, n+1, len(class.Files))
			source, err := os.ReadFile(picture)
			if err != nil {
				return err
			}
			for _, width := range b.widths {
				if err := b.compare(picture, source, width, tried); err != nil {
					return fmt.Errorf("%s at %d: %w", picture, width, err)
				}
			}
		}
		fmt.Fprintln(os.Stderr)
		b.print(class)
	}
	return nil
}

// compare makes one picture by both, and notes what that takes and how it looks.
func (b *bench) compare(picture string, source []byte, width int, tried map[int]bool) error {
	reference, err := b.pixels(`sharp(args.file).rotate()
		.resize(args.width, undefined, { withoutEnlargement: true, fastShrinkOnLoad: false })
	`, map[string]any{"file": picture, "width": width})
	if err != nil {
		return err
	}
	for _, q := range b.asked {
		file := filepath.Join(b.dir, "theirs")
		var microseconds int64
		if err := b.sharp.Call(`
			const source = fs.readFileSync(args.source), before = process.cpuUsage()
			const made = await sharp.nextjs(source, args).toBuffer()
			const { user, system } = process.cpuUsage(before)
			fs.writeFileSync(args.file, made)
			return user + system
		`, map[string]any{
			"source": picture, "file": file, "width": width, "format": b.format, "quality": q,
		}, &microseconds); err != nil {
			return err
		}
		made, err := b.judge(file, reference)
		if err != nil {
			return err
		}
		made.cpu = time.Duration(microseconds) * time.Microsecond
		b.theirs[q] = append(b.theirs[q], made)
	}
	for q := range tried {
		file := filepath.Join(b.dir, "ours")
		before := cpuTime()
		made, err := vips.Transform(context.Background(), source, types[filepath.Ext(picture)], vips.Options{
			Width: width, Output: "image/" + b.format, Quality: q,
		})
		if err != nil {
			return err
		}
		spent := cpuTime() - before
		if err := os.WriteFile(file, made, 0o600); err != nil {
			return err
		}
		judged, err := b.judge(file, reference)
		if err != nil {
			return err
		}
		judged.cpu = spent
		b.ours[q] = append(b.ours[q], judged)
	}
	return nil
}

// cpuTime is what this process has taken so far.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails only for another first argument
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func (b *bench) judge(file string, reference luma) (result, error) {
	seen, err := b.pixels(`sharp(args.file)`, map[string]any{"file": file})
	if err != nil {
		return result{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return result{}, err
	}
	return result{bytes: int(info.Size()), ssim: ssim(reference, seen), smooth: smoothError(reference, seen)}, nil
}

// pixels is what a sharp object shows on grey: of what is transparent, the colour does not count.
func (b *bench) pixels(object string, args map[string]any) (luma, error) {
	args["out"] = filepath.Join(b.dir, "pixels")
	var size struct{ Width, Height int }
	if err := b.sharp.Call(`
		const { data, info } = await `+object+`.flatten({ background: '#777' }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
		fs.writeFileSync(args.out, data)
		return { width: info.width, height: info.height }
	`, args, &size); err != nil {
		return luma{}, err
	}
	rgb, err := os.ReadFile(args["out"].(string))
	if err != nil {
		return luma{}, err
	}
	return lumaOf(rgb, size.Width, size.Height)
}

func (b *bench) print(class corpus.Class) {
	fmt.Printf("%s of %d %s at %s px; SSIM and smooth error of luma, bytes and CPU time as ratio to Next.js\n",
		b.format, len(class.Files), class.Name, strings.Trim(fmt.Sprint(b.widths), "[]"))
	if b.check {
		fmt.Printf("%6s %6s %9s %9s %8s %8s %8s %8s %8s\n",
			"asked", "ours", "SSIM", "Next.js", "diff", "smooth", "Next.js", "bytes", "CPU")
		for _, q := range b.asked {
			own := ourQuality(b.format, q)
			ours, theirs := b.ours[own], b.theirs[q]
			ourSSIM, theirSSIM := mean(ours, similarity), mean(theirs, similarity)
			fmt.Printf("%6d %6d %9.4f %9.4f %+8.4f %8.3f %8.3f %8.3f %8.3f\n", q, own, ourSSIM, theirSSIM, ourSSIM-theirSSIM,
				mean(ours, smoothness), mean(theirs, smoothness), ratio(ours, theirs, size), ratio(ours, theirs, spent))
		}
		return
	}
	fmt.Printf("%6s %9s %8s   %s\n", "asked", "Next.js", "smooth",
		"ours: quality of the same SSIM, neighbours tried: SSIM, smooth error, bytes, CPU")
	for _, q := range b.asked {
		want := mean(b.theirs[q], similarity)
		fmt.Printf("%6d %9.4f %8.3f   %6.1f", q, want, mean(b.theirs[q], smoothness), match(want, b.ours))
		for _, own := range around(want, b.ours) {
			fmt.Printf("   %3d: %.4f %.3f x%.3f x%.3f", own, mean(b.ours[own], similarity), mean(b.ours[own], smoothness),
				ratio(b.ours[own], b.theirs[q], size), ratio(b.ours[own], b.theirs[q], spent))
		}
		fmt.Println()
	}
}

func similarity(r result) float64 { return r.ssim }
func smoothness(r result) float64 { return r.smooth }
func size(r result) float64       { return float64(r.bytes) }
func spent(r result) float64      { return r.cpu.Seconds() }

func mean(results []result, of func(result) float64) float64 {
	sum := 0.0
	for _, r := range results {
		sum += of(r)
	}
	return sum / float64(len(results))
}

// ratio is the geometric mean of the ratios.
func ratio(ours, theirs []result, of func(result) float64) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = of(ours[i]) / of(theirs[i])
	}
	return geometric(ratios)
}

func qualities(results map[int][]result) []int {
	sorted := make([]int, 0, len(results))
	for q := range results {
		sorted = append(sorted, q)
	}
	sort.Ints(sorted)
	return sorted
}

// around are the two tried qualities between which an SSIM lies.
func around(want float64, results map[int][]result) []int {
	sorted := qualities(results)
	at := sort.Search(len(sorted), func(i int) bool { return mean(results[sorted[i]], similarity) >= want })
	at = min(max(at, 1), len(sorted)-1)
	return sorted[at-1 : at+1]
}

// match is the quality of an SSIM, interpolated.
func match(want float64, results map[int][]result) float64 {
	pair := around(want, results)
	low, high := mean(results[pair[0]], similarity), mean(results[pair[1]], similarity)
	if high == low {
		return float64(pair[1])
	}
	return float64(pair[0]) + float64(pair[1]-pair[0])*(want-low)/(high-low)
}
