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

// maxKept is how much is kept of one body here (bytes).
const maxKept = 1 << 20

// kept is a body that is kept, of a length that is not known.
func kept(source io.Reader, of *keepers) *keptBody {
	return keepBody(&http.Request{Body: io.NopCloser(source), ContentLength: -1}, maxKept, of)
}

// restart reads a body from its start.
func restart(t testing.TB, body *keptBody) io.ReadCloser {
	t.Helper()
	reader, ok := body.fromStart()
	require.True(t, ok)
	return reader
}

// begin returns what is kept of a body.
func begin(t testing.TB, body *keptBody) string {
	t.Helper()
	text, err := io.ReadAll(body.begin())
	require.NoError(t, err)
	return string(text)
}

func TestABodyIsReadAgainFromItsStart(t *testing.T) {
	of := newKeepers(defaultActionMemory)
	text := strings.Repeat("some text ", 10_000)
	for name, read := range map[string]int64{"nothing": 0, "a part": 12_345, "all but the end": int64(len(text)), "all": -1} {
		body := kept(iotest.HalfReader(strings.NewReader(text)), of)
		first := restart(t, body)
		if read < 0 {
			got, err := io.ReadAll(first)
			require.NoError(t, err)
			require.Equal(t, text, string(got))
		} else {
			_, err := io.CopyN(io.Discard, first, read)
			require.NoError(t, err)
		}
		for range 2 {
			require.Empty(t, body.whyLost())
			next := restart(t, body)
			_, err := first.Read(make([]byte, 1))
			require.ErrorIs(t, err, errOver, name)
			got, err := io.ReadAll(iotest.HalfReader(next))
			require.NoError(t, err)
			require.Equal(t, text, string(got), name)
			first = next
		}
		assert.Equal(t, text, begin(t, body))
		assert.Equal(t, text, begin(t, body), "it takes nothing away")
		assert.LessOrEqual(t, of.used.Load(), int64(3*len(text)))
		body.end()
		assert.Zero(t, of.used.Load(), name)
	}
}

// What a reader takes that is over reaches the one that comes after it, in order.
func TestNothingIsLostBetweenTwoReaders(t *testing.T) {
	of := newKeepers(defaultActionMemory)
	for _, isAnswered := range []bool{false, true} {
		out, in := io.Pipe()
		body := kept(out, of)
		first := restart(t, body)
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
		second := restart(t, body)
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
	of := newKeepers(defaultActionMemory)
	large := strings.Repeat("x", maxKept+1)
	body := kept(strings.NewReader(large), of)
	reader := restart(t, body)
	_, err := io.CopyN(io.Discard, reader, maxKept)
	require.NoError(t, err)
	require.Empty(t, body.whyLost(), "it is just as large as allowed")
	assert.LessOrEqual(t, of.used.Load(), int64(maxKept))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Len(t, rest, 1)
	assert.Equal(t, replayTooLarge, body.whyLost())
	assert.Empty(t, begin(t, body))
	assert.Zero(t, of.used.Load())

	said := keepBody(&http.Request{Body: io.NopCloser(strings.NewReader(large)), ContentLength: int64(len(large))}, maxKept, of)
	got, err := io.ReadAll(restart(t, said))
	require.NoError(t, err)
	assert.Equal(t, large, string(got))
	assert.Zero(t, of.used.Load())
	assert.Equal(t, replayTooLarge, said.whyLost())
}

// A body that is not sent again is there for its last reader only.
func TestAnEndedBodyIsNotLookedAt(t *testing.T) {
	of := newKeepers(defaultActionMemory)
	body := kept(strings.NewReader("some text"), of)
	_, err := io.ReadAll(restart(t, body))
	require.NoError(t, err)
	second := restart(t, body)
	require.Equal(t, "some text", begin(t, body))
	body.end()
	assert.Empty(t, begin(t, body))
	got, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "some text", string(got))
	assert.Zero(t, of.used.Load())
}

// Its client may still send it when its deployment has answered. What is lost then is not sent in part.
func TestABodyThatIsLostMeanwhileIsNotSentAgain(t *testing.T) {
	of := newKeepers(defaultActionMemory)
	text := strings.Repeat("x", maxKept+1)
	body := kept(strings.NewReader(text), of)
	reader := restart(t, body)
	_, err := io.CopyN(io.Discard, reader, maxKept)
	require.NoError(t, err)
	require.Empty(t, body.whyLost())
	n, err := reader.Read(make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, ok := body.fromStart()
	assert.False(t, ok)
	_, err = reader.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "who reads it goes on")
	body.end()
	assert.Zero(t, of.used.Load())
}

// All bodies together have a bound. One that finds no room goes on its way, and is not kept.
func TestBodiesShareTheirRoom(t *testing.T) {
	of := newKeepers(100_000)
	one, other := kept(strings.NewReader(strings.Repeat("1", 60_000)), of), kept(strings.NewReader(strings.Repeat("2", 60_000)), of)
	got, err := io.ReadAll(restart(t, one))
	require.NoError(t, err)
	assert.Len(t, got, 60_000)
	got, err = io.ReadAll(restart(t, other))
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("2", 60_000), string(got))
	assert.Empty(t, one.whyLost())
	assert.Equal(t, replayNoRoom, other.whyLost())
	assert.LessOrEqual(t, of.used.Load(), of.most.Load())
	one.end()
	other.end()
	assert.Zero(t, of.used.Load())
}

// Many clients at once leave nothing behind, however their requests end.
func TestWhatIsKeptIsGivenBack(t *testing.T) {
	of := newKeepers(1 << 20)
	var running sync.WaitGroup
	for n := range 64 {
		running.Go(func() {
			source := io.Reader(bytes.NewReader(make([]byte, n*1000)))
			if n%3 == 0 {
				source = io.MultiReader(source, iotest.ErrReader(errors.New("the client has left")))
			}
			body := kept(source, of)
			reader, _ := body.fromStart()
			_, _ = io.CopyN(io.Discard, reader, int64(n*500))
			if n%2 == 0 {
				if again, ok := body.fromStart(); ok {
					reader = again
					_, _ = io.CopyN(io.Discard, reader, int64(n*200))
				}
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
	body := keepBody(&http.Request{Body: http.NoBody}, maxKept, processKept)
	assert.Nil(t, body)
	assert.Empty(t, body.whyLost())
	assert.Empty(t, begin(t, body))
	body.end()
}
