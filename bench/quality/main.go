// Command quality finds which quality of our encoders is as good as one of Next.js's. It encodes photographs by sharp
// as Next.js does and by libvips as the edge does, compares both with the picture reduced at full resolution, and
// prints the table of imageopt/quality.go.
//
//	go run ./bench/quality -format jpeg
//	go run ./bench/quality -format avif -widths 256,640 -check
//
// It needs the fixture e2e/fixtures/next16 with its node_modules, and takes minutes. Photographs are Debian's
// mate-backgrounds, if installed, and those of the examples; or those given as arguments.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/sharp"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// photographs that are photographs: the rest of mate-backgrounds is drawn.
var photographs = []string{
	"/usr/share/backgrounds/mate/nature/*.jpg",
	"/usr/share/backgrounds/mate/abstract/Elephants_3840x2160.jpg",
	"examples/multi-zone/*/public/*.jpg",
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run() error {
	format := flag.String("format", "jpeg", "jpeg, webp or avif")
	widths := flag.String("widths", "256,640,1200,1920", "widths of the results")
	asked := flag.String("asked", "10,25,40,50,60,70,75,80,85,90,95,100", "qualities of Next.js to match")
	tried := flag.String("tried", "", "our encoder's qualities to try (default: every fourth)")
	photos := flag.Int("photos", 0, "how many photographs at most (default: all)")
	check := flag.Bool("check", false, "only compare the table of imageopt/quality.go with Next.js")
	flag.Parse()

	b := bench{format: *format, check: *check}
	var err error
	if b.widths, err = numbers(*widths); err != nil {
		return fmt.Errorf("-widths: %w", err)
	}
	if b.asked, err = numbers(*asked); err != nil {
		return fmt.Errorf("-asked: %w", err)
	}
	if b.tried, err = numbers(*tried); err != nil {
		return fmt.Errorf("-tried: %w", err)
	}
	if len(b.tried) == 0 {
		for q := 4; q <= 100; q += 4 {
			b.tried = append(b.tried, q)
		}
	}
	if b.photos, err = files(flag.Args()); err != nil {
		return err
	}
	if *photos > 0 && len(b.photos) > *photos {
		b.photos = b.photos[:*photos]
	}
	if err := vips.Start(zap.NewNop()); err != nil {
		return err
	}
	if b.sharp, err = sharp.Start(); err != nil {
		return err
	}
	defer b.sharp.Close()
	if b.dir, err = os.MkdirTemp("", "quality"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	return b.run()
}

func numbers(list string) ([]int, error) {
	var found []int
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	slices.Sort(found)
	return found, nil
}

func files(given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	var found []string
	for _, pattern := range photographs {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no photographs: install mate-backgrounds, run in the project's directory, or name some")
	}
	return found, nil
}

// ourQuality is what imageopt asks of the encoder today.
func ourQuality(format string, asked int) int {
	return imageopt.EncoderQuality(imageopt.Job{Output: "image/" + format, Quality: asked})
}

// geometric is the geometric mean.
func geometric(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
