package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/sharp"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

type bench struct {
	format         string
	check          bool
	photos         []string
	widths         []int
	asked, tried   []int
	sharp          *sharp.Sharp
	dir            string
	theirs, ours   map[int][]result // by quality; the results of one quality are in the same order of photographs and widths
	done, expected int
}

// result is one picture.
type result struct {
	bytes int
	ssim  float64
}

func (b *bench) run() error {
	b.theirs, b.ours = map[int][]result{}, map[int][]result{}
	tried := b.tried
	if b.check {
		tried = nil
		for _, q := range b.asked {
			tried = append(tried, ourQuality(b.format, q))
		}
	}
	unique := map[int]bool{}
	for _, q := range tried {
		unique[q] = true
	}
	b.expected = len(b.photos) * len(b.widths)
	for _, photo := range b.photos {
		source, err := os.ReadFile(photo)
		if err != nil {
			return err
		}
		for _, width := range b.widths {
			if err := b.compare(photo, source, width, unique); err != nil {
				return fmt.Errorf("%s at %d: %w", photo, width, err)
			}
			b.done++
			fmt.Fprintf(os.Stderr, "\r%d of %d", b.done, b.expected)
		}
	}
	fmt.Fprintln(os.Stderr)
	b.print()
	return nil
}

func (b *bench) compare(photo string, source []byte, width int, tried map[int]bool) error {
	reference, err := b.pixels(`sharp(args.file).rotate().resize(args.width, undefined, { withoutEnlargement: true, fastShrinkOnLoad: false })`,
		map[string]any{"file": photo, "width": width})
	if err != nil {
		return err
	}
	for _, q := range b.asked {
		file := filepath.Join(b.dir, "theirs")
		if err := b.sharp.Call(`await sharp.nextjs(fs.readFileSync(args.source), args).toFile(args.file)`, map[string]any{
			"source": photo, "file": file, "width": width, "format": b.format, "quality": q,
		}, nil); err != nil {
			return err
		}
		made, err := b.judge(file, reference)
		if err != nil {
			return err
		}
		b.theirs[q] = append(b.theirs[q], made)
	}
	for q := range tried {
		file := filepath.Join(b.dir, "ours")
		made, err := vips.Transform(context.Background(), source, vips.JPEG, vips.Options{Width: width, Output: "image/" + b.format, Quality: q})
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, made, 0o600); err != nil {
			return err
		}
		judged, err := b.judge(file, reference)
		if err != nil {
			return err
		}
		b.ours[q] = append(b.ours[q], judged)
	}
	return nil
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
	return result{bytes: int(info.Size()), ssim: ssim(reference, seen)}, nil
}

// pixels is what a sharp object shows.
func (b *bench) pixels(object string, args map[string]any) (luma, error) {
	args["out"] = filepath.Join(b.dir, "pixels")
	var size struct{ Width, Height int }
	if err := b.sharp.Call(`
		const { data, info } = await `+object+`.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
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

func (b *bench) print() {
	fmt.Printf("%s, %d photographs at %s px; SSIM of luma, bytes as ratio to Next.js\n", b.format, len(b.photos), strings.Trim(fmt.Sprint(b.widths), "[]"))
	if b.check {
		fmt.Printf("%6s %6s %9s %9s %8s %8s\n", "asked", "ours", "SSIM", "Next.js", "diff", "bytes")
		for _, q := range b.asked {
			own := ourQuality(b.format, q)
			ours, theirs := mean(b.ours[own]), mean(b.theirs[q])
			fmt.Printf("%6d %6d %9.4f %9.4f %+8.4f %8.3f\n", q, own, ours, theirs, ours-theirs, ratio(b.ours[own], b.theirs[q]))
		}
		return
	}
	fmt.Printf("%6s %9s   %-34s\n", "asked", "Next.js", "ours: quality of the same SSIM (bytes there), neighbours tried")
	for _, q := range b.asked {
		want := mean(b.theirs[q])
		fmt.Printf("%6d %9.4f   %6.1f", q, want, match(want, b.ours))
		for _, own := range around(want, b.ours) {
			fmt.Printf("   %3d: %.4f x%.3f", own, mean(b.ours[own]), ratio(b.ours[own], b.theirs[q]))
		}
		fmt.Println()
	}
}

func mean(results []result) float64 {
	sum := 0.0
	for _, r := range results {
		sum += r.ssim
	}
	return sum / float64(len(results))
}

// ratio is the geometric mean of the ratios of bytes.
func ratio(ours, theirs []result) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = float64(ours[i].bytes) / float64(theirs[i].bytes)
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
	at := sort.Search(len(sorted), func(i int) bool { return mean(results[sorted[i]]) >= want })
	at = min(max(at, 1), len(sorted)-1)
	return sorted[at-1 : at+1]
}

// match is the quality of an SSIM, interpolated.
func match(want float64, results map[int][]result) float64 {
	pair := around(want, results)
	low, high := mean(results[pair[0]]), mean(results[pair[1]])
	if high == low {
		return float64(pair[1])
	}
	return float64(pair[0]) + float64(pair[1]-pair[0])*(want-low)/(high-low)
}
