// Command quality finds which quality of our encoders is as good as one of Next.js's. It encodes pictures by sharp as
// Next.js does and by libvips as the edge does, in turn, compares both with the picture reduced at full resolution,
// and prints what the tables of imageopt/quality.go are made of, for each class of pictures.
//
//	go run ./bench/quality -format jpeg
//	go run ./bench/quality -format avif -widths 256,640 -check
//
// It needs the fixture e2e/fixtures/next16 with its node_modules, and takes minutes. Pictures are those of
// bench/corpus, JPEG and PNG only of sources of that type; or those given as arguments.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/bench/corpus"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/sharp"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run() error {
	format := flag.String("format", "jpeg", "jpeg, png, webp or avif")
	widths := flag.String("widths", "256,640,1200,1920", "widths of the results")
	asked := flag.String("asked", "10,25,40,50,60,70,75,80,85,90,95,100", "qualities of Next.js to match")
	tried := flag.String("tried", "", "our encoder's qualities to try (default: every fourth)")
	pictures := flag.Int("pictures", 0, "how many of each class at most (default: all)")
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
	if b.classes, err = classes(*format, *pictures, flag.Args()); err != nil {
		return err
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

// classes are the pictures to compare.
func classes(format string, most int, given []string) ([]corpus.Class, error) {
	if len(given) > 0 {
		return []corpus.Class{{Name: "given", Files: given}}, nil
	}
	found, err := corpus.Classes()
	if err != nil {
		return nil, err
	}
	var used []corpus.Class
	for _, class := range found {
		switch format {
		case "jpeg":
			class.Files = class.OfType("jpg")
		case "png":
			class.Files = class.OfType("png")
		}
		if most > 0 {
			class.Files = class.Files[:min(most, len(class.Files))]
		}
		if len(class.Files) > 0 {
			used = append(used, class)
		}
	}
	return used, nil
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
