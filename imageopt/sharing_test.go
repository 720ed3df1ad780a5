package imageopt

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// plan is that of a photograph, a JPEG of 4000 x 3000.
var plan = vips.PlanOf(vips.JPEG, vips.Size{Width: 4000, Height: 3000}, 1, 0)

func decodedFor(width int) vips.Stage {
	decoded, _ := plan.Stages(width)
	return decoded
}

func resizedFor(width int) vips.Stage {
	_, resized := plan.Stages(width)
	return resized
}

// keepingPixels makes pixels of some bytes for others, as a transform does.
func keepingPixels(t *testing.T, m *member, stage vips.Stage, bytes int64) vips.Share {
	t.Helper()
	made := m.Ask(t.Context(), plan, stage)
	require.NotNil(t, made)
	require.Nil(t, made.Pixels(), "there are none")
	require.True(t, made.Room(bytes))
	made.Keep(&vips.Pixels{})
	return made
}

func TestWorthKeeping(t *testing.T) {
	for _, c := range []struct {
		name             string
		width            int
		others           []int
		decoded, resized bool
	}{
		{"alone", 640, nil, false, false},
		{"another format", 640, []int{640}, false, true},
		{"another width of the same factor", 640, []int{750}, true, false},
		{"both", 640, []int{750, 640}, true, true},
		{"another factor", 640, []int{384, 828, 3840}, false, false},
		{"larger than the picture", 4096, []int{5000}, false, true},
	} {
		assert.Equal(t, c.decoded, worthKeeping(plan, decodedFor(c.width), c.width, c.others), "%s: decoded", c.name)
		assert.Equal(t, c.resized, worthKeeping(plan, resizedFor(c.width), c.width, c.others), "%s: resized", c.name)
	}
}

func TestWhoSharesNothing(t *testing.T) {
	s := newSharing(-1)
	m := s.join(Job{Width: 640, Source: "photo"})
	assert.Nil(t, m, "sharing is off")
	m.leave()
	s = newSharing(100)
	assert.Nil(t, s.join(Job{Width: 640}), "no name")
	m = s.join(Job{Width: 640, Source: "photo"})
	other := s.join(Job{Width: 640, Source: "another photo"})
	assert.Nil(t, m.Ask(t.Context(), plan, resizedFor(640)), "nobody else wants it")
	m.leave()
	other.leave()
	assert.Empty(t, s.sources)
}

func TestPixelsAreKeptForThoseWhoCome(t *testing.T) {
	s := newSharing(100)
	first, second := s.join(Job{Width: 640, Source: "photo"}), s.join(Job{Width: 750, Source: "photo"})
	made := keepingPixels(t, first, decodedFor(640), 60)
	found := second.Ask(t.Context(), plan, decodedFor(750))
	require.NotNil(t, found)
	assert.NotNil(t, found.Pixels())
	made.Release()
	first.leave()
	found.Release()
	assert.Equal(t, int64(60), s.kept(), "another one could come while this one runs")
	third := s.join(Job{Width: 640, Source: "photo"})
	second.leave()
	assert.Equal(t, int64(60), s.kept())
	found = third.Ask(t.Context(), plan, decodedFor(640))
	require.NotNil(t, found)
	assert.NotNil(t, found.Pixels())
	found.Release()
	third.leave()
	assert.Zero(t, s.kept())
	assert.Empty(t, s.sources)
	assert.Equal(t, int64(2), s.used.Load(), "jobs that have used pixels of another one")
}

// One who comes while pixels are being made waits for them; one whose time is over does not, and nobody else is the
// worse for it.
func TestWaitingForPixels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSharing(100)
		var members []*member
		for range 3 {
			members = append(members, s.join(Job{Width: 640, Source: "photo"}))
		}
		made := members[0].Ask(t.Context(), plan, resizedFor(640))
		require.NotNil(t, made)
		short, cancel := context.WithCancel(t.Context())
		asked := make(chan vips.Share, 1)
		go func() { asked <- members[1].Ask(short, plan, resizedFor(640)) }()
		later := make(chan vips.Share, 1)
		go func() { later <- members[2].Ask(t.Context(), plan, resizedFor(640)) }()
		synctest.Wait()
		assert.Empty(t, asked)
		cancel()
		assert.Nil(t, <-asked)
		assert.Empty(t, later)
		require.True(t, made.Room(10))
		made.Keep(&vips.Pixels{})
		found := <-later
		require.NotNil(t, found)
		assert.NotNil(t, found.Pixels())
		found.Release()
		made.Release()
		for _, m := range members {
			m.leave()
		}
		assert.Zero(t, s.kept())
	})
}

// Pixels that do not come: those who wait go on by themselves, and nobody tries again while there are jobs of the
// source.
func TestPixelsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSharing(100)
		first, second := s.join(Job{Width: 640, Source: "photo"}), s.join(Job{Width: 640, Source: "photo"})
		made := first.Ask(t.Context(), plan, resizedFor(640))
		require.NotNil(t, made)
		asked := make(chan vips.Share, 1)
		go func() { asked <- second.Ask(t.Context(), plan, resizedFor(640)) }()
		synctest.Wait()
		require.True(t, made.Room(10))
		made.Release()
		assert.Nil(t, <-asked)
		assert.Zero(t, s.kept())
		assert.Nil(t, second.Ask(t.Context(), plan, resizedFor(640)))
		first.leave()
		second.leave()
		first, second = s.join(Job{Width: 640, Source: "photo"}), s.join(Job{Width: 640, Source: "photo"})
		keepingPixels(t, first, resizedFor(640), 10).Release()
		first.leave()
		second.leave()
		assert.Zero(t, s.kept())
	})
}

func TestPixelsAreBounded(t *testing.T) {
	s := newSharing(100)
	var members []*member
	for _, width := range []int{640, 640, 1080, 1080, 1920, 1920} {
		members = append(members, s.join(Job{Width: width, Source: "photo"}))
	}
	small, middle, large := keepingPixels(t, members[0], resizedFor(640), 20), keepingPixels(t, members[2], resizedFor(1080), 50), members[4].Ask(t.Context(), plan, resizedFor(1920))
	assert.False(t, large.Room(101), "more than there may ever be")
	large.Release()
	large = members[4].Ask(t.Context(), plan, resizedFor(1920))
	require.NotNil(t, large, "there was no room, but nothing is broken")
	assert.False(t, large.Room(40), "what is used counts")
	large.Release()
	small.Release()
	middle.Release()
	used := members[1].Ask(t.Context(), plan, resizedFor(640))
	used.Release()
	large = members[4].Ask(t.Context(), plan, resizedFor(1920))
	require.True(t, large.Room(40), "the least recently used go")
	large.Keep(&vips.Pixels{})
	assert.Equal(t, int64(60), s.kept())
	assert.Contains(t, s.sources["photo"].kept, resizedFor(640))
	assert.NotContains(t, s.sources["photo"].kept, resizedFor(1080))

	s.resize(50)
	assert.Equal(t, int64(40), s.kept(), "a smaller bound holds at once for what nobody uses")
	s.resize(-1)
	assert.Equal(t, int64(40), s.kept())
	large.Release()
	assert.Zero(t, s.kept())
	for _, m := range members {
		m.leave()
	}
	assert.Empty(t, s.sources)
}

// sharedJobs are several widths and formats of one source.
func sharedJobs() []Job {
	var jobs []Job
	for _, width := range []int{64, 128, 256, 384, 640, 3840} {
		for _, output := range []string{vips.WebP, vips.JPEG, vips.AVIF} {
			if output == vips.AVIF && width > 256 {
				continue // slow, and no other than at 256
			}
			jobs = append(jobs, Job{Width: width, Quality: 75, Output: output})
		}
	}
	return jobs
}

// makeAll lets jobs of a source wait together, then makes them. It returns what each one made.
func makeAll(t *testing.T, p *Pipeline, source []byte, mime, name string, jobs []Job) [][]byte {
	t.Helper()
	made := make([][]byte, len(jobs))
	leave, err := p.queue.enter(t.Context(), p.limits.Load().Concurrency)
	require.NoError(t, err)
	var all sync.WaitGroup
	for n, job := range jobs {
		job.Source = name
		all.Go(func() {
			var err error
			made[n], err = p.Transform(t.Context(), source, mime, job)
			assert.NoError(t, err)
		})
		synctest.Wait() // they come in order
	}
	leave()
	all.Wait()
	return made
}

// The same bytes come out whether pixels are shared or not, and each decode is done once for all who can use it.
func TestSharedDecodes(t *testing.T) {
	jobs := sharedJobs()
	jpeg := photo(t, 1000, 700)
	sources := map[string][]byte{vips.JPEG: jpeg}
	p := pipeline(t, Limits{})
	for _, mime := range []string{vips.PNG, vips.WebP, vips.AVIF} {
		made, err := p.Transform(t.Context(), jpeg, vips.JPEG, Job{Width: 1000, Quality: 90, Output: mime})
		require.NoError(t, err)
		sources[mime] = made
	}
	p.Close()
	decodes := map[string]int{ // of 6 widths
		vips.JPEG: 4, // by 8, 4, 2 and 1
		vips.WebP: 6,
		vips.PNG:  1,
		vips.AVIF: 1,
	}
	for mime, source := range sources {
		synctest.Test(t, func(t *testing.T) {
			p := pipeline(t, Limits{Concurrency: 1, QueueWait: time.Hour, Timeout: time.Hour})
			defer p.Close()
			want := makeAll(t, p, source, mime, "", jobs)
			assert.Zero(t, p.Stats().Shared, mime)
			got := makeAll(t, p, source, mime, "photo", jobs)
			for n, job := range jobs {
				assert.True(t, string(want[n]) == string(got[n]), "%s: %+v: other bytes", mime, job)
			}
			assert.Equal(t, int64(len(jobs)-decodes[mime]), p.Stats().Shared, mime)
			assert.Zero(t, p.Stats().SharedBytes, mime)
			assert.Empty(t, p.sharing.sources, mime)

			require.NoError(t, p.SetLimits(Limits{Concurrency: 1, QueueWait: time.Hour, Timeout: time.Hour, SharedPixels: 1}))
			before := p.Stats().Shared
			got = makeAll(t, p, source, mime, "photo", jobs)
			for n, job := range jobs {
				assert.True(t, string(want[n]) == string(got[n]), "%s: %+v without room: other bytes", mime, job)
			}
			assert.Equal(t, before, p.Stats().Shared, mime)
		})
	}
	assert.Zero(t, vips.OpenImages())
}

// Many sources at once, some of them broken, more than there is room for: each job has what it would have had by
// itself, and nothing is left.
func TestSharedDecodesInParallel(t *testing.T) {
	p := pipeline(t, Limits{Concurrency: 3, Queue: 1000, QueueWait: time.Hour, Timeout: time.Hour, SharedPixels: 300 << 10})
	defer p.Close()
	var sources [][]byte
	for n := range 5 {
		sources = append(sources, photo(t, 500+50*n, 300+10*n))
	}
	sources[4] = sources[4][:len(sources[4])/2]
	var jobs []Job
	want := make([][][]byte, len(sources))
	for _, width := range []int{64, 128, 150, 256, 384} {
		for _, output := range []string{vips.WebP, vips.JPEG} {
			job := Job{Width: width, Quality: 75, Output: output}
			jobs = append(jobs, job)
			for n, source := range sources {
				made, err := p.Transform(t.Context(), source, vips.JPEG, job)
				assert.Equal(t, n == 4, err != nil)
				want[n] = append(want[n], made)
			}
		}
	}
	var all sync.WaitGroup
	for range 3 {
		for at, job := range jobs {
			for n, source := range sources {
				all.Go(func() {
					job := job
					job.Source = fmt.Sprint("photo ", n)
					made, err := p.Transform(t.Context(), source, vips.JPEG, job)
					if n == 4 {
						assert.ErrorIs(t, err, ErrUndecodable)
						return
					}
					assert.NoError(t, err)
					assert.True(t, string(want[n][at]) == string(made), "%+v", job)
					assert.LessOrEqual(t, p.Stats().SharedBytes, int64(300<<10))
				})
			}
		}
	}
	all.Wait()
	assert.Zero(t, p.Stats().SharedBytes)
	assert.Empty(t, p.sharing.sources)
	assert.Zero(t, p.sharing.idle.Len())
	assert.Positive(t, p.Stats().Shared)
	assert.Zero(t, vips.OpenImages())
	assert.Eventually(t, func() bool { return p.Stats().PixelBytes == 0 }, time.Minute, 5*time.Millisecond,
		"bytes that libvips holds; its threads have buffers for a moment when their work is done")
}

// A job that takes too long for itself spoils nothing for those who wanted its pixels.
func TestTimeoutOfOneWhoShares(t *testing.T) {
	p := pipeline(t, Limits{}) // starts libvips
	defer p.Close()
	source := photo(t, 1000, 700)
	options := vips.Options{Width: 256, Output: vips.WebP, Quality: 75}
	want, err := vips.Transform(t.Context(), source, vips.JPEG, options)
	require.NoError(t, err)
	s := newSharing(1 << 30)
	first, second := s.join(Job{Width: 256, Source: "photo"}), s.join(Job{Width: 256, Source: "photo"})
	slow := options
	slow.Sharing, slow.Timeout = first, time.Nanosecond
	_, err = vips.Transform(t.Context(), source, vips.JPEG, slow)
	require.ErrorContains(t, err, "takes too long")
	first.leave()
	options.Sharing = second
	got, err := vips.Transform(t.Context(), source, vips.JPEG, options)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	second.leave()
	assert.Empty(t, s.sources)
}

// Somebody else will ask for it: what has begun is made, whoever has gone.
func TestWhatHasBegunIsCompleted(t *testing.T) {
	p := pipeline(t, Limits{})
	defer p.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	made, err := p.Transform(gone, photo(t, 1000, 700), vips.JPEG, Job{Width: 640, Quality: 75, Output: vips.WebP})
	require.NoError(t, err)
	assert.NotEmpty(t, made)
}
