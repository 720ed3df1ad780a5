package eventcoding

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

// event is one of a chat.
func event(i int) string {
	return fmt.Sprintf("id: %d\ndata: {\"id\":\"chatcmpl-%x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"+
		"\"delta\":{\"content\":\" word%d\"},\"finish_reason\":null}]}\n\n", i, 0xbeef, i*i%97)
}

// decoder decodes a stream as it comes in.
func decoder(t testing.TB, coding string, r io.Reader) io.Reader {
	t.Helper()
	switch coding {
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		require.NoError(t, err)
		t.Cleanup(d.Close)
		return d
	case "br":
		return brotli.NewReader(r)
	}
	d, err := gzip.NewReader(r) // it hands out less early than others
	require.NoError(t, err)
	return d
}

// A client has read each event before the next one is written.
func TestAnEventIsReadableWhenItIsFlushed(t *testing.T) {
	for _, coding := range Names {
		t.Run(coding, func(t *testing.T) {
			in, out := io.Pipe()
			e := New(coding)
			e.Reset(out)
			next := make(chan string)
			failed := make(chan error, 1)
			go func() {
				for text := range next {
					_, err := io.WriteString(e, text)
					if err = errors.Join(err, e.Flush()); err != nil {
						failed <- err
						return
					}
				}
				failed <- errors.Join(e.Close(), out.Close())
			}()
			noise := texts()["noise"]
			events := []string{"<i>", strings.Repeat("x", 400), "\n", string(noise[:40]), string(noise[40:1000]), string(noise[:9000])}
			for i := range 300 {
				events = append(events, event(i), event(i)+strings.Repeat(event(i+1), i))
			}
			next <- events[0]
			d := decoder(t, coding, in)
			for i, text := range events {
				if i > 0 {
					next <- text
				}
				got := make([]byte, len(text))
				_, err := io.ReadFull(d, got)
				require.NoError(t, err)
				require.True(t, text == string(got), "event %d", i)
			}
			close(next)
			rest, err := io.ReadAll(d)
			require.NoError(t, err)
			require.Empty(t, rest)
			require.NoError(t, <-failed)
		})
	}
}

// texts are streams by what they are hard for.
func texts() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var chat, words strings.Builder
	for i := range 2000 {
		chat.WriteString(event(i))
	}
	for words.Len() < 200_000 {
		fmt.Fprint(&words, []string{"lantern", "skerry", "data: ", "\n\n", "keeper", "tide"}[random.IntN(6)], random.IntN(1000))
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {'x'}, "chat": []byte(chat.String()), "words": []byte(words.String()), "noise": noise,
		"one byte again and again": bytes.Repeat([]byte{'a'}, 100_000),
		"two bytes":                bytes.Repeat([]byte("ab"), 50_000),
		"noise again and again":    bytes.Repeat(noise[:9000], 12),
	}
}

// cut calls do with parts of a text whose lengths are as different as they can be.
func cut(text []byte, random *rand.Rand, do func([]byte)) {
	for len(text) > 0 {
		n := min(1+random.IntN(1<<random.IntN(16)), len(text))
		do(text[:n])
		text = text[n:]
	}
}

func TestAStreamIsWhatItWas(t *testing.T) {
	for _, coding := range Names {
		e := New(coding)
		for name, text := range texts() {
			t.Run(coding+" "+name, func(t *testing.T) {
				for seed := range uint64(5) {
					var out bytes.Buffer
					e.Reset(&out)
					random := rand.New(rand.NewPCG(seed, 7))
					cut(text, random, func(part []byte) {
						n, err := e.Write(part)
						require.NoError(t, err)
						require.Equal(t, len(part), n)
						if random.IntN(3) > 0 {
							require.NoError(t, e.Flush())
						}
						require.LessOrEqual(t, cap(e.text), maxText)
					})
					require.NoError(t, e.Close())
					require.Equal(t, string(text), codingtest.Decode(t, coding, out.Bytes()))
				}
			})
		}
	}
}

// The libraries that browsers use are stricter than those of Go in some things, or less.
func TestTheReferenceDecodersReadAStream(t *testing.T) {
	for coding, command := range map[string][]string{
		"zstd": {"zstd", "-d", "-c", "-q"},
		"gzip": {"gzip", "-d", "-c", "-q"},
		"br":   {"node", "-e", "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)"},
	} {
		t.Run(coding, func(t *testing.T) {
			path, err := exec.LookPath(command[0])
			if err != nil {
				t.Skipf("%s is not installed", command[0])
			}
			for name, text := range texts() {
				var in, out, complaints bytes.Buffer
				e := New(coding)
				e.Reset(&in)
				cut(text, rand.New(rand.NewPCG(3, 4)), func(part []byte) {
					_, err := e.Write(part)
					require.NoError(t, errors.Join(err, e.Flush()))
				})
				require.NoError(t, e.Close())
				decode := exec.Command(path, command[1:]...)
				decode.Stdin, decode.Stdout, decode.Stderr = &in, &out, &complaints
				require.NoError(t, decode.Run(), "%s: %s", name, &complaints)
				require.True(t, bytes.Equal(text, out.Bytes()), name)
			}
		})
	}
}

// What is open for hours must not cost more than this; docs/benchmarks.md has what was measured.
const streamMemory = 64 << 10

func TestAnOpenStreamHoldsLittleMemory(t *testing.T) {
	for _, coding := range Names {
		const streams = 100
		open := make([]*Encoder, streams)
		before := heap()
		for i := range open {
			open[i] = New(coding)
			open[i].Reset(io.Discard)
			for j := range 300 {
				_, err := io.WriteString(open[i], event(j))
				require.NoError(t, errors.Join(err, open[i].Flush()))
			}
		}
		each := (heap() - before) / streams
		runtime.KeepAlive(open)
		t.Logf("%s: %d KiB for each stream", coding, each>>10)
		assert.Less(t, each, streamMemory, coding)
	}
}

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what a sync.Pool held goes with the second
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// A stream of events that resemble each other is a fraction of its text, though each one is flushed.
func TestEventsAreCompressedByTheOnesBefore(t *testing.T) {
	for _, coding := range Names {
		var out bytes.Buffer
		e := New(coding)
		e.Reset(&out)
		size := 0
		for i := range 300 {
			size += len(event(i))
			_, err := io.WriteString(e, event(i))
			require.NoError(t, errors.Join(err, e.Flush()))
		}
		require.NoError(t, e.Close())
		t.Logf("%s: %d of %d bytes", coding, out.Len(), size)
		assert.Less(t, out.Len(), size/3, coding)
	}
}

func TestAClientThatIsGoneEndsAStream(t *testing.T) {
	gone := errors.New("gone")
	for _, coding := range Names {
		in, out := io.Pipe()
		require.NoError(t, in.CloseWithError(gone))
		e := New(coding)
		e.Reset(out)
		_, err := io.WriteString(e, "data")
		require.NoError(t, err, "nothing was written yet")
		require.ErrorIs(t, e.Flush(), gone, coding)
		_, err = io.WriteString(e, "data")
		require.ErrorIs(t, err, gone, coding)
		require.ErrorIs(t, e.Close(), gone, coding)
	}
}

func TestOtherCodingsHaveNoEncoder(t *testing.T) {
	assert.Nil(t, New("deflate"))
	assert.False(t, Has("deflate"))
	for _, coding := range Names {
		assert.True(t, Has(coding))
		assert.NotNil(t, New(coding))
	}
}

func FuzzAStreamIsWhatItWas(f *testing.F) {
	f.Add([]byte("data: a\n\ndata: b\n\n"), uint64(1))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		for _, coding := range Names {
			var out bytes.Buffer
			e := New(coding)
			e.Reset(&out)
			for range 3 {
				cut(text, rand.New(rand.NewPCG(seed, 1)), func(part []byte) {
					_, err := e.Write(part)
					require.NoError(t, errors.Join(err, e.Flush()))
				})
			}
			require.NoError(t, e.Close())
			require.Equal(t, strings.Repeat(string(text), 3), codingtest.Decode(t, coding, out.Bytes()))
		}
	})
}

func BenchmarkEvent(b *testing.B) {
	for _, coding := range Names {
		b.Run(coding, func(b *testing.B) {
			e := New(coding)
			e.Reset(io.Discard)
			b.ReportAllocs()
			for i := range b.N {
				_, _ = io.WriteString(e, event(i))
				_ = e.Flush()
			}
		})
	}
}
