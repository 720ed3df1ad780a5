package imageopt

import "github.com/caddy-nextjs/caddy-nextjs/internal/vips"

const (
	// avifThreads is how many threads the AV1 encoder of libheif takes, whatever it is told; in small pictures they find nothing to do.
	avifThreads = 4
	// wideAVIF is the width in pixels from which they do: measured, the threads had equal shares of the work at 640, none at 256.
	wideAVIF = 512
	// hugeSource is the number of pixels from which a source is transformed alone: decoders of progressive JPEG, WebP and AVIF hold the
	// whole picture, 3 to 4 bytes for each pixel.
	hugeSource = 64 << 20
)

// weightOf is how many slots a job takes.
func weightOf(job Job) int {
	if job.Output == vips.AVIF && job.Width >= wideAVIF {
		return avifThreads
	}
	return 1
}
