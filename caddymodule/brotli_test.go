package caddymodule

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/caddyserver/caddy/v2"
	caddyencode "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/encode"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

// What a stream of Brotli may hold in memory: one that flushes small chunks, and a large file in one piece.
// docs/benchmarks.md has what was measured.
const (
	chunkedStreamMemory = 1 << 20
	largeFileMemory     = 2 << 20
)

func TestAStreamOfBrotliHoldsBoundedMemory(t *testing.T) {
	text := make([]byte, 2<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = "<div class=report>the lantern is lit</div> "[random.IntN(16)*(1+i%2)]
	}
	for _, c := range []struct {
		name         string
		chunk, limit int
	}{{"chunks", 4 << 10, chunkedStreamMemory}, {"one piece", len(text), largeFileMemory}} {
		const streams = 4
		var open [streams]caddyencode.Encoder
		before := heapInUse()
		for i := range open {
			open[i] = defaultBrotli(t).NewEncoder()
			open[i].Reset(io.Discard)
			for rest := text; len(rest) > 0; rest = rest[min(c.chunk, len(rest)):] {
				_, err := open[i].Write(rest[:min(c.chunk, len(rest))])
				require.NoError(t, err)
				require.NoError(t, open[i].Flush())
			}
		}
		each := (heapInUse() - before) / streams
		runtime.KeepAlive(open)
		t.Logf("%s: %d KiB for each stream", c.name, each>>10)
		assert.Less(t, each, c.limit, c.name)
	}
}

func heapInUse() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what a sync.Pool held goes with the second
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func defaultBrotli(t testing.TB) *encode.Brotli {
	t.Helper()
	b := new(encode.Brotli)
	require.NoError(t, b.Provision(caddy.Context{}))
	require.NoError(t, b.Validate())
	return b
}

func TestBrotliKeepsItsSettings(t *testing.T) {
	for settings, message := range map[string]string{
		`{}`:                           "",
		`{"quality": 1, "window": 10}`: "",
		`{"quality": 9, "window": 24}`: "",
		`{"quality": 10}`:              "quality of nextjs_br must be from 1 to 9, found 10",
		`{"quality": -1}`:              "quality of nextjs_br must be from 1 to 9, found -1",
		`{"window": 9}`:                "window of nextjs_br must be from 10 to 24 (a power of two), found 9",
		`{"window": 25}`:               "window of nextjs_br must be from 10 to 24 (a power of two), found 25",
	} {
		b := new(encode.Brotli)
		require.NoError(t, json.Unmarshal([]byte(settings), b))
		require.NoError(t, b.Provision(caddy.Context{}))
		if message != "" {
			assert.EqualError(t, b.Validate(), message, settings)
			continue
		}
		require.NoError(t, b.Validate(), settings)
		var packed bytes.Buffer
		encoder := b.NewEncoder()
		encoder.Reset(&packed)
		text := bytes.Repeat([]byte("the lantern is lit "), 100)
		_, err := encoder.Write(text)
		require.NoError(t, err)
		require.NoError(t, encoder.Close())
		got, err := io.ReadAll(codingtest.Reader(t, "br", &packed))
		require.NoError(t, err)
		assert.Equal(t, text, got, settings)
	}
}
