package proxy

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered is a text of which each part of eight bytes tells where it is, and whose it is.
func numbered(whose, length int) []byte {
	text := make([]byte, 0, length+8)
	for at := 0; len(text) < length; at++ {
		text = fmt.Appendf(text, "%03x%04x|", whose%0xfff, at%0xffff)
	}
	return text[:length]
}

// What is kept in blocks is read as it was written, from each place, and the blocks are as large as was reserved.
func TestBytesInBlocks(t *testing.T) {
	for _, length := range []int{
		1, smallBlock - 1, smallBlock, smallBlock + 1, largeBlock - 1, largeBlock, largeBlock + 1, 3*largeBlock - 1, 3 * largeBlock, 200_000,
	} {
		text := numbered(length, length)
		for _, step := range []int{1000, smallBlock, largeBlock, largeBlock + 7, length} {
			var k keptBytes
			reserved := 0
			for part := range slices.Chunk(text, step) {
				reserved += k.missing(len(part))
				k.add(part)
			}
			assert.Equal(t, length, k.length)
			assert.Equal(t, sizeOfBlocks(length), reserved)
			assert.Equal(t, reserved, k.reserved)
			in := 0
			for _, block := range k.blocks {
				in += len(block)
			}
			assert.Equal(t, reserved, in)
			for _, at := range []int{0, 1, length / 2, length - 1, length} {
				got := make([]byte, length-at+10)
				n := k.read(got, at)
				require.Equal(t, string(text[at:]), string(got[:n]), "%d from %d", length, at)
			}
			assert.Equal(t, reserved, k.giveBack())
			assert.Zero(t, k.length)
			assert.Zero(t, k.read(make([]byte, 10), 0))
		}
	}
}

// Who looks at the beginning of a body while another one reads it sees nothing of the body that has its blocks next.
func TestBlocksThatWereGivenBackAreNotRead(t *testing.T) {
	of := newKeepers(defaultActionMemory)
	first := kept(strings.NewReader(strings.Repeat("1", 3*largeBlock)), of)
	reader := restart(t, first)
	_, err := io.CopyN(io.Discard, reader, 2*largeBlock)
	require.NoError(t, err)
	look := first.begin()
	_, err = io.CopyN(io.Discard, look, 100)
	require.NoError(t, err)
	first.end()
	require.Zero(t, of.used.Load())

	second := kept(strings.NewReader(strings.Repeat("2", 3*largeBlock)), of)
	_, err = io.CopyN(io.Discard, restart(t, second), 2*largeBlock)
	require.NoError(t, err)
	seen, err := io.ReadAll(look)
	require.NoError(t, err)
	assert.Empty(t, seen)
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("1", largeBlock), string(rest))
}

// Many bodies share few blocks. However they are read, looked at, begun again and ended at one time, each reader gets its
// own body, from its beginning and without a gap.
func TestNothingOfAnotherBodyIsSeen(t *testing.T) {
	of := newKeepers(3 << 20) // so some find no room
	var whose atomic.Int64
	var clients sync.WaitGroup
	for seed := range 16 {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 1))
			for range 20 {
				sendMixedUp(t, of, int(whose.Add(1)), random)
			}
		})
	}
	clients.Wait()
	assert.Zero(t, of.used.Load())
}

// sendMixedUp has a body be read by several at once, each of which may stop anywhere.
func sendMixedUp(t *testing.T, of *keepers, whose int, random *rand.Rand) {
	t.Helper()
	text := numbered(whose, 1+random.IntN(5*largeBlock))
	body := keepBody(&http.Request{Body: io.NopCloser(iotest.HalfReader(bytes.NewReader(text))), ContentLength: -1}, 4*largeBlock, of)
	var readers sync.WaitGroup
	read := func(r io.Reader) {
		buffer, most := make([]byte, 500+random.IntN(2*largeBlock)), random.IntN(2*len(text))
		readers.Go(func() { isPartOf(t, text, r, buffer, most) })
	}
	var cursors []io.ReadCloser
	for range 1 + random.IntN(3) {
		if cursor, ok := body.fromStart(); ok {
			cursors = append(cursors, cursor)
			read(cursor)
		}
		read(body.begin())
		runtime.Gosched()
	}
	read(body.begin())
	body.end()
	for _, cursor := range cursors {
		_ = cursor.Close()
	}
	readers.Wait()
	_ = cursors[len(cursors)-1].Close()
}

// isPartOf reads as many bytes of a text, or less where it ends before.
func isPartOf(t *testing.T, text []byte, r io.Reader, buffer []byte, most int) {
	t.Helper()
	for at := 0; at < most; {
		n, err := r.Read(buffer)
		if !assert.LessOrEqual(t, at+n, len(text)) || !assert.Equal(t, string(text[at:at+n]), string(buffer[:n])) || err != nil {
			return
		}
		at += n
	}
}

// BenchmarkKeptBody is what it costs to keep a body that is never sent again, beside reading it as net/http does. In a
// cold process the blocks are new each time.
func BenchmarkKeptBody(b *testing.B) {
	buffer := make([]byte, 32<<10)
	read := func(r io.Reader) {
		for {
			if _, err := r.Read(buffer); err != nil {
				return
			}
		}
	}
	for _, size := range []int{200, 1_000, 20_000, 100_000, 500_000, 1_000_000} {
		data := make([]byte, size)
		plain := func() { read(bytes.NewReader(data)) }
		keep := func() {
			body := keepBody(&http.Request{Body: io.NopCloser(bytes.NewReader(data)), ContentLength: int64(size)}, 1<<20, processKept)
			reader, _ := body.fromStart()
			read(reader)
			body.end()
		}
		for name, once := range map[string]func(){"plain": plain, "kept": keep} {
			b.Run(fmt.Sprintf("%dB/%s", size, name), func(b *testing.B) { benchmarkMedian(b, once, func() {}) })
		}
		b.Run(fmt.Sprintf("%dB/cold", size), func(b *testing.B) {
			benchmarkMedian(b, keep, func() { // a pool is emptied by the second collection after its last use
				runtime.GC()
				runtime.GC()
			})
		})
	}
}

// benchmarkMedian also reports the median.
func benchmarkMedian(b *testing.B, once, before func()) {
	b.Helper()
	b.ReportAllocs()
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		before()
		b.StartTimer()
		begin := time.Now()
		once()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
}
