// Command shared measures what it saves that pictures of one source are made together: the default widths of Next.js 16
// of a photograph of 12 million pixels, in WebP and AVIF, each for itself and by shared decodes. It also measures what
// a second core does for a wide AVIF.
//
//	go run ./bench/shared
//	go run ./bench/shared -rounds 1 -formats webp photo.jpg
//
// The photograph is made of Debian's mate-backgrounds, unless one is given. See docs/benchmarks.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// widths are deviceSizes and imageSizes of Next.js 16.
var widths = []int{32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "shared:", err)
		os.Exit(1)
	}
}

func run() error {
	rounds := flag.Int("rounds", 5, "rounds; each measures everything")
	formats := flag.String("formats", "webp,avif", "of the results")
	avif := flag.Int("avif", 0, "for the program itself: print the seconds that an AVIF of this width takes, the least of all rounds")
	which := flag.Int("subject", none, "for the program itself: make all pictures in one way, and print what it took as JSON")
	flag.Parse()
	if err := vips.Start(zap.NewNop()); err != nil {
		return err
	}
	if *avif == 0 && *which == none {
		return compare(flag.Arg(0), *formats, *rounds)
	}
	photo, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		return err
	}
	if *avif > 0 {
		seconds, err := wideAVIF(photo, *avif, *rounds)
		fmt.Println(seconds)
		return err
	}
	way := alone
	if *which >= 0 {
		way = subjects[*which]
	}
	made, err := way.makeAll(photo, *formats)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(made)
}

// none is no subject; that of a negative number is the one the others are compared with.
const none = -2

// compare prints everything.
func compare(photo, formats string, rounds int) error {
	if photo == "" {
		dir, err := os.MkdirTemp("", "shared")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		made, err := photograph()
		if err != nil {
			return err
		}
		photo = filepath.Join(dir, "photograph.jpg")
		if err := os.WriteFile(photo, made, 0o600); err != nil {
			return err
		}
	}
	fmt.Printf("libvips %s, %d cores\n\n", vips.Version(), runtime.NumCPU())
	if err := compareSharing(photo, formats, rounds); err != nil {
		return err
	}
	return compareCores(photo, rounds)
}
