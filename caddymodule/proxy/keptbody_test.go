package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept is a body that is kept, of a length that is not known.
func kept(source io.Reader, of *keepers) *keptBody {
	return keepBody(&http.Request{Body: io.NopCloser(source), ContentLength: -1}, of)
}

func TestABodyIsReadAgainFromItsStart(t *testing.T) {
	of := &keepers{most: maxKeptOfAll}
	text := strings.Repeat("some text ", 10_000)
	for name, read := range map[string]int64{"nothing": 0, "a part": 12_345, "all but the end": int64(len(text)), "all": -1} {
		body := kept(iotest.HalfReader(strings.NewReader(text)), of)
		first := body.fromStart()
		if read < 0 {
			got, err := io.ReadAll(first)
			require.NoError(t, err)
			require.Equal(t, text, string(got))
		} else {
			_, err := io.CopyN(io.Discard, first, read)
			require.NoError(t, err)
		}
		for range 2 {
			require.True(t, body.canRestart())
			next := body.fromStart()
			_, err := first.Read(make([]byte, 1))
			require.ErrorIs(t, err, errOver, name)
			got, err := io.ReadAll(iotest.HalfReader(next))
			require.NoError(t, err)
			require.Equal(t, text, string(got), name)
			first = next
		}
		assert.Equal(t, text, string(body.begin()))
		assert.LessOrEqual(t, of.used.Load(), int64(3*len(text)))
		body.end()
		assert.Zero(t, of.used.Load(), name)
	}
}

// What a reader takes that is over reaches the one that comes after it, in order.
func TestNothingIsLostBetweenTwoReaders(t *testing.T) {
	of := &keepers{most: maxKeptOfAll}
	for _, isAnswered := range []bool{false, true} {
		out, in := io.Pipe()
		body := kept(out, of)
		first := body.fromStart()
		go func() { _, _ = io.WriteString(in, "one ") }()
		_, err := io.ReadFull(first, make([]byte, 4))
		require.NoError(t, err)

		var overErr error
		begun, over := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			close(begun)
			_, overErr = first.Read(make([]byte, 32))
		}()
		<-begun
		second := body.fromStart()
		if isAnswered {
			_, err := io.ReadFull(second, make([]byte, 4))
			require.NoError(t, err)
			body.end() // and the client still sends
		}
		go func() {
			_, _ = io.WriteString(in, "two ")
			_, _ = io.WriteString(in, "three")
			_ = in.Close()
		}()
		got, err := io.ReadAll(second)
		require.NoError(t, err)
		<-over
		require.ErrorIs(t, overErr, errOver)
		if isAnswered {
			assert.Equal(t, "two three", string(got))
		} else {
			assert.Equal(t, "one two three", string(got))
			body.end()
		}
		assert.Zero(t, of.used.Load())
	}
}

func TestABodyThatIsTooLargeIsNotKept(t *testing.T) {
	of := &keepers{most: maxKeptOfAll}
	large := strings.Repeat("x", maxKept+1)
	body := kept(strings.NewReader(large), of)
	reader := body.fromStart()
	_, err := io.CopyN(io.Discard, reader, maxKept)
	require.NoError(t, err)
	require.True(t, body.canRestart(), "it is just as large as allowed")
	assert.LessOrEqual(t, of.used.Load(), int64(maxKept))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Len(t, rest, 1)
	assert.False(t, body.canRestart())
	assert.Zero(t, of.used.Load())

	said := keepBody(&http.Request{Body: io.NopCloser(strings.NewReader(large)), ContentLength: int64(len(large))}, of)
	got, err := io.ReadAll(said.fromStart())
	require.NoError(t, err)
	assert.Equal(t, large, string(got))
	assert.Zero(t, of.used.Load())
	assert.False(t, said.canRestart())
}

// All bodies together have a bound. One that finds no room goes on its way, and is not kept.
func TestBodiesShareTheirRoom(t *testing.T) {
	of := &keepers{most: 100_000}
	one, other := kept(strings.NewReader(strings.Repeat("1", 60_000)), of), kept(strings.NewReader(strings.Repeat("2", 60_000)), of)
	got, err := io.ReadAll(one.fromStart())
	require.NoError(t, err)
	assert.Len(t, got, 60_000)
	got, err = io.ReadAll(other.fromStart())
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("2", 60_000), string(got))
	assert.True(t, one.canRestart())
	assert.False(t, other.canRestart())
	assert.LessOrEqual(t, of.used.Load(), of.most)
	one.end()
	other.end()
	assert.Zero(t, of.used.Load())
}

// Many clients at once leave nothing behind, however their requests end.
func TestWhatIsKeptIsGivenBack(t *testing.T) {
	of := &keepers{most: 1 << 20}
	var running sync.WaitGroup
	for n := range 64 {
		running.Go(func() {
			source := io.Reader(bytes.NewReader(make([]byte, n*1000)))
			if n%3 == 0 {
				source = io.MultiReader(source, iotest.ErrReader(errors.New("the client has left")))
			}
			body := kept(source, of)
			reader := body.fromStart()
			_, _ = io.CopyN(io.Discard, reader, int64(n*500))
			if body.canRestart() && n%2 == 0 {
				reader = body.fromStart()
				_, _ = io.CopyN(io.Discard, reader, int64(n*200))
			}
			body.end()
			_, _ = io.CopyN(io.Discard, reader, int64(n*100))
			_ = reader.Close()
		})
	}
	running.Wait()
	assert.Zero(t, of.used.Load())
}

func TestARequestWithoutABody(t *testing.T) {
	body := keepBody(&http.Request{Body: http.NoBody}, &processKept)
	assert.Nil(t, body)
	assert.True(t, body.canRestart())
	assert.Empty(t, body.begin())
	body.end()
}

// BenchmarkKeptBody is what it costs to keep a body that is never sent again, beside reading it.
func BenchmarkKeptBody(b *testing.B) {
	for _, size := range []int{200, 20_000, 500_000} {
		data, buffer := make([]byte, size), make([]byte, 32<<10)
		read := func(r io.Reader) {
			for {
				if _, err := r.Read(buffer); err != nil {
					return
				}
			}
		}
		b.Run(byteCount(size)+"/plain", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read(bytes.NewReader(data))
			}
		})
		b.Run(byteCount(size)+"/kept", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body := kept(bytes.NewReader(data), &processKept)
				read(body.fromStart())
				body.end()
			}
		})
	}
}

func byteCount(n int) string { return map[int]string{200: "200B", 20_000: "20KB", 500_000: "500KB"}[n] }
