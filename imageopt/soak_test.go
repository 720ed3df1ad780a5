package imageopt

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// residentBytes is how much memory the process has.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	self, err := procfs.Self()
	if err != nil {
		t.Skip(err)
	}
	stat, err := self.Stat()
	require.NoError(t, err)
	return int64(stat.ResidentMemory())
}

// With E2E_LONG=1: 5,000 transforms of every format, and the memory of the process does not grow after the first ones.
func TestMemoryStaysFlat(t *testing.T) {
	if os.Getenv("E2E_LONG") == "" {
		t.Skip("needs E2E_LONG=1")
	}
	const jobs = 5000
	p := pipeline(t, Limits{Concurrency: 2, Queue: jobs, QueueWait: time.Hour})
	defer p.Close()
	type source struct {
		mime string
		made []byte
	}
	sources := []source{
		{vips.JPEG, photo(t, 1600, 1067)}, {vips.JPEG, photo(t, 3000, 2000)}, {vips.JPEG, photo(t, 640, 640)}, {vips.JPEG, photo(t, 1001, 2003)},
	}
	for _, mime := range []string{vips.PNG, vips.WebP, vips.AVIF, vips.GIF, vips.TIFF} {
		made, err := p.Transform(t.Context(), sources[0].made, vips.JPEG, Job{Width: 1080, Quality: 75, Output: mime})
		require.NoError(t, err)
		sources = append(sources, source{mime, made})
	}
	broken := source{vips.JPEG, sources[1].made[:len(sources[1].made)/2]}
	outputs := []string{vips.WebP, vips.JPEG, vips.AVIF, vips.WebP, vips.PNG}
	widths := []int{48, 128, 256, 384, 640}
	var workers sync.WaitGroup
	next := make(chan int)
	for range 4 {
		workers.Go(func() {
			for n := range next {
				from := sources[n%len(sources)]
				if n%50 == 0 {
					from = broken
				}
				job := Job{Width: widths[n%7%len(widths)], Quality: 75, Output: outputs[n%11%len(outputs)]}
				_, err := p.Transform(t.Context(), from.made, from.mime, job)
				if n%50 == 0 {
					assert.ErrorIs(t, err, ErrUndecodable)
				} else {
					assert.NoError(t, err)
				}
			}
		})
	}
	var warm int64
	for n := range jobs {
		if n == jobs/5 {
			warm = residentBytes(t)
		}
		if n%1000 == 999 {
			t.Logf("after %d: %d MB", n+1, residentBytes(t)>>20)
		}
		next <- n
	}
	close(next)
	workers.Wait()
	end := residentBytes(t)
	assert.LessOrEqual(t, end, warm+warm/4, fmt.Sprintf("%d MB after a fifth, %d MB at the end", warm>>20, end>>20))
	assert.Zero(t, vips.OpenImages())
}
