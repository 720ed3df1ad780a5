package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// wide is the width of an AVIF in pixels.
const wide = 1920

// wideAVIF is how many seconds on the clock an AVIF takes, the shortest of some.
func wideAVIF(photo []byte, width, times int) (float64, error) {
	best := 0.0
	for n := range times {
		job := imageopt.Job{Width: width, Quality: 75, Output: vips.AVIF}
		start := time.Now()
		_, err := vips.Transform(context.Background(), photo, vips.JPEG, vips.Options{
			Width: width, Output: vips.AVIF, Quality: imageopt.EncoderQuality(job),
		})
		if err != nil {
			return 0, err
		}
		if seconds := time.Since(start).Seconds(); n == 0 || seconds < best {
			best = seconds
		}
	}
	return best, nil
}

// compareCores runs the program again and again, bound to one core and to two in turn.
func compareCores(photo string, rounds int) error {
	if runtime.NumCPU() < 2 {
		fmt.Println("\none core only: nothing to compare for a wide AVIF")
		return nil
	}
	least := map[string]float64{}
	for round := range rounds {
		for _, cores := range []string{"0", "0,1"} {
			seconds, err := boundTo(cores, photo)
			if err != nil {
				return fmt.Errorf("on cores %s: %w", cores, err)
			}
			if round == 0 || seconds < least[cores] {
				least[cores] = seconds
			}
		}
	}
	one, two := least["0"], least["0,1"]
	fmt.Printf("\nan AVIF of %d px: %.2f s on the clock by one core, %.2f s by two (%.3f); the least of %d rounds\n", wide, one, two, two/one, rounds)
	return nil
}

// boundTo is how many seconds a wide AVIF takes on some cores.
func boundTo(cores, photo string) (float64, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	out, err := exec.Command("taskset", "-c", cores, program, "-avif", strconv.Itoa(wide), "-rounds", "2", photo).Output()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}
