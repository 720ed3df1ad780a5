package streaming

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is one with the body of a stream and the fields of a header, as name, value, name, value.
func answer(body io.ReadCloser, fields ...string) *http.Response {
	h := http.Header{}
	for pair := range slices.Chunk(fields, 2) {
		h.Add(pair[0], pair[1])
	}
	return &http.Response{Body: body, Header: h, Request: &http.Request{Method: http.MethodGet}}
}

// read collects what a stream gives until its end, in the background.
func read(b *Body) <-chan []byte {
	done := make(chan []byte, 1)
	go func() {
		data, err := io.ReadAll(b)
		if err != nil {
			data = append(data, err.Error()...)
		}
		_ = b.Close()
		done <- data
	}()
	return done
}

func TestEndAllEndsAnEventStreamCleanly(t *testing.T) {
	var streams Streams
	upstream, body := net.Pipe()
	b := streams.Watch(EventStream, answer(body), nil)
	got := read(b)
	_, err := upstream.Write([]byte("data: 1\n\n"))
	require.NoError(t, err)
	assert.Equal(t, 1, streams.Open(EventStream))

	streams.EndAll()
	assert.Equal(t, "data: 1\n\n", string(<-got))
	_, err = upstream.Write([]byte("x"))
	require.Error(t, err, "the upstream sees that nobody listens")
	streams.Wait(context.Background())
	assert.Equal(t, 0, streams.Open(EventStream))
}

func TestEndAllSaysGoodbyeToAWebSocketBetweenFrames(t *testing.T) {
	var streams Streams
	upstream, body := net.Pipe()
	b := streams.Watch(WebSocket, answer(body), nil)
	got := read(b)
	frame := []byte{0x81, 2, 'h', 'i'}
	_, err := upstream.Write(frame)
	require.NoError(t, err)

	streams.EndAll()
	assert.Equal(t, append(frame, 0x88, 2, 0x03, 0xe9), <-got)
	n, err := b.Write([]byte("a late frame of the client"))
	require.NoError(t, err)
	assert.Equal(t, 26, n)
}

func TestEndAllPutsNothingIntoTheMiddleOfAFrame(t *testing.T) {
	var streams Streams
	upstream, body := net.Pipe()
	got := read(streams.Watch(WebSocket, answer(body), nil))
	half := []byte{0x81, 5, 'h', 'i'}
	_, err := upstream.Write(half)
	require.NoError(t, err)

	streams.EndAll()
	assert.Equal(t, half, <-got)
}

func TestWatchAfterEndAllEndsAtOnce(t *testing.T) {
	var streams Streams
	streams.EndAll()
	streams.EndAll()
	_, body := net.Pipe()
	assert.Empty(t, <-read(streams.Watch(EventStream, answer(body), nil)))
	streams.Wait(context.Background())
}

func TestWaitIsBoundedByItsContext(t *testing.T) {
	var streams Streams
	streams.Wait(context.Background()) // nothing was ended
	_, body := net.Pipe()
	b := streams.Watch(WebSocket, answer(body), nil)
	streams.EndAll()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	streams.Wait(ctx)
	assert.Equal(t, 1, streams.Open(WebSocket))
	require.NoError(t, b.Close())
	require.NoError(t, b.Close(), "closing twice counts once")
	streams.Wait(context.Background())
	assert.Equal(t, 0, streams.Open(WebSocket))
}

func TestAStreamThatEndsByItselfKeepsItsError(t *testing.T) {
	var streams Streams
	b := streams.Watch(WebSocket, answer(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))), nil)
	_, err := b.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = b.Write(nil)
	require.Error(t, err, "a plain response cannot be written to")
	require.Error(t, b.CloseWrite())
}

func TestFramesFollowsEveryLengthAndAnyCut(t *testing.T) {
	frame := func(header []byte, payload int) []byte { return append(header, bytes.Repeat([]byte{0xff}, payload)...) }
	all := bytes.Join([][]byte{
		frame([]byte{0x81, 0}, 0),
		frame([]byte{0x81, 125}, 125),
		frame([]byte{0x82, 126, 0x01, 0x00}, 256),
		frame([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1}, 65537),
		frame([]byte{0x81, 0x80 | 3, 1, 2, 3, 4}, 3), // masked
		frame([]byte{0x88, 2}, 2),
	}, nil)
	for _, cut := range []int{1, 2, 3, 7, 1000, len(all)} {
		var f frames
		for rest := all; len(rest) > 0; rest = rest[min(cut, len(rest)):] {
			f.pass(rest[:min(cut, len(rest))])
		}
		assert.True(t, f.betweenFrames(), "cut %d", cut)
	}
	var f frames
	f.pass(all[:len(all)-1])
	assert.False(t, f.betweenFrames())
	f = frames{}
	f.pass([]byte{0x81})
	assert.False(t, f.betweenFrames())
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x81, 2, 'h', 'i'}, 1)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		var whole, parts frames
		whole.pass(data)
		cut = max(0, min(cut, len(data)))
		parts.pass(data[:cut])
		parts.pass(data[cut:])
		assert.Equal(t, whole, parts)
	})
}
