package imageopt

import (
	"math"
	"sort"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// qualityPoint is a quality of Next.js, and the one of our encoder at which pictures are as good.
type qualityPoint struct{ asked, ours int }

// Next.js encodes JPEG with mozjpeg, whose trellis quantisation and tables make another scale of qualities than that of
// libjpeg-turbo. Found by `go run ./bench/quality`: equal SSIM over photographs 256 to 1920 pixels wide; in between,
// lines.
var jpegQualities = []qualityPoint{
	{1, 1},
	{10, 7},
	{25, 17},
	{40, 27},
	{50, 33},
	{60, 43},
	{70, 57},
	{75, 65},
	{80, 73},
	{85, 79},
	{90, 86},
	{95, 93},
	{100, 99},
}

// Next.js scales WebP's qualities to AVIF's by 50/80, for the aom 3.15 of sharp. Older ones need other numbers for
// pictures as good.
var avifQualities = []qualityPoint{
	{1, 9},
	{10, 14},
	{25, 22},
	{50, 33},
	{75, 50},
	{90, 59},
	{100, 66},
}

// Next.js has palettes made by libimagequant 2.4 and spreads what they lack by dithering; ours are made by 2.17, of
// more colours and with a fifth of that. Chosen by `go run ./bench/quality -format png` of opaque pictures at effort 7:
// SSIM as good or better, and at 75 the mean error of smooth squares no larger. Not fitted for the effort of
// transparent ones.
var pngQualities = []qualityPoint{
	{1, 1},
	{25, 60},
	{50, 80},
	{75, 91},
	{90, 96},
	{100, 100},
}

// tiffQuality is that of sharp, which Next.js does not set.
const tiffQuality = 80

// EncoderQuality is the quality to ask of our encoder for a picture as good as Next.js's at the quality of the job.
func EncoderQuality(job Job) int {
	switch job.Output {
	case vips.JPEG:
		if !job.JPEGBaseline {
			return interpolate(jpegQualities, job.Quality)
		}
	case vips.AVIF:
		return interpolate(avifQualities, job.Quality)
	case vips.PNG:
		return interpolate(pngQualities, job.Quality)
	case vips.TIFF:
		return tiffQuality
	}
	return job.Quality
}

// interpolate reads a table of points, which are sorted, with straight lines from one to the next.
func interpolate(table []qualityPoint, asked int) int {
	at := sort.Search(len(table), func(i int) bool { return table[i].asked >= asked })
	switch {
	case at == 0:
		return table[0].ours
	case at == len(table):
		return table[len(table)-1].ours
	}
	low, high := table[at-1], table[at]
	share := float64(asked-low.asked) / float64(high.asked-low.asked)
	return low.ours + int(math.Round(share*float64(high.ours-low.ours)))
}
