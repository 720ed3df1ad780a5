package imageopt

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// held is an origin that answers when it is told to, or when nobody waits any more.
type held struct {
	begun   chan context.Context
	release chan struct{}
}

func (o *testOptimizer) hold(source Source) held {
	h := held{make(chan context.Context, 10), make(chan struct{})}
	o.origin.change(func(ctx context.Context, _ int, _ string, _ http.Header) (Source, error) {
		h.begun <- ctx
		select {
		case <-h.release:
			return source, nil
		case <-ctx.Done():
			return Source{}, networkFailure(ctx, ctx, CauseNetwork, ctx.Err())
		}
	})
	return h
}

// asking asks in the background.
func (o *testOptimizer) asking(t *testing.T, ctx context.Context, href string, headers ...string) <-chan served {
	got := make(chan served, 1)
	go func() { got <- o.ask(t, ctx, href, headers...) }()
	return got
}

// joining does the same, and returns when the request waits for the picture.
func (o *testOptimizer) joining(t *testing.T, ctx context.Context, href string) <-chan served {
	t.Helper()
	waits := make(chan struct{})
	got := o.asking(t, waiting{ctx, sync.OnceFunc(func() { close(waits) })}, href)
	receive(t, waits, "it waits")
	return got
}

func TestRequestsForOnePictureShareItsMaking(t *testing.T) {
	o := optimizerFor(t, nil)
	h := o.hold(Source{Body: photo(t, 64, 48)})
	var all []<-chan served
	for range 20 {
		all = append(all, o.joining(t, t.Context(), "/a.jpg"))
	}
	close(h.release)
	bodies := map[string]bool{}
	for _, one := range all {
		got := receive(t, one, "an answer")
		assert.Equal(t, []any{ResultMiss, http.StatusOK}, []any{got.result, got.Code})
		bodies[got.body()] = true
	}
	assert.Len(t, bodies, 1)
	assert.Equal(t, 1, o.origin.count())
	assert.Len(t, o.meter.made, 1)
}

func TestTheLastWhoLeavesEndsTheFetch(t *testing.T) {
	o := optimizerFor(t, nil)
	h := o.hold(Source{Body: photo(t, 64, 48)})
	first, leaveFirst := context.WithCancel(t.Context())
	second, leaveSecond := context.WithCancel(t.Context())
	defer leaveSecond()
	gotFirst := o.asking(t, first, "/a.jpg")
	fetch := receive(t, h.begun, "the fetch begins")
	gotSecond := o.joining(t, second, "/a.jpg")

	leaveFirst()
	gone := receive(t, gotFirst, "the first one leaves")
	assert.Equal(t, []any{ResultGone, 0}, []any{gone.result, gone.Body.Len()})
	require.NoError(t, fetch.Err(), "somebody waits still")
	leaveSecond()
	assert.Equal(t, ResultGone, receive(t, gotSecond, "the second one leaves").result)
	receive(t, fetch.Done(), "the fetch ends")
	assert.Zero(t, o.logs.Len(), "who leaves is no failure")

	// It is begun anew, also while the old one has not noticed yet.
	third := o.asking(t, t.Context(), "/a.jpg")
	require.NoError(t, receive(t, h.begun, "another fetch").Err())
	close(h.release)
	assert.Equal(t, ResultMiss, receive(t, third, "the picture").result)
	assert.Equal(t, 2, o.origin.count())
}

func TestTooManySourcesAtOnceAre503(t *testing.T) {
	o := optimizerFor(t, nil)
	o.SetLimits(1, 1, enough)
	h := o.hold(Source{Body: photo(t, 64, 48)})
	first := o.asking(t, t.Context(), "/1.jpg")
	receive(t, h.begun, "the fetch begins")
	second := o.asking(t, t.Context(), "/2.jpg")
	until(t, func() bool { return o.Stats().WaitingSources == 1 }, "the second one waits")
	third := o.ask(t, t.Context(), "/3.jpg")
	assert.Equal(t, []any{ResultBusy, http.StatusServiceUnavailable, "1", "no-store"},
		[]any{third.result, third.Code, third.Header().Get("Retry-After"), third.Header().Get("Cache-Control")})
	assert.Equal(t, 1, o.Stats().Sources)
	close(h.release)
	for _, one := range []<-chan served{first, second} {
		assert.Equal(t, ResultMiss, receive(t, one, "the picture").result)
	}
	assert.Zero(t, o.Stats().Sources)
	assert.Equal(t, ResultMiss, o.ask(t, t.Context(), "/3.jpg").result, "later it is made")

	o.SetLimits(1, 1, time.Millisecond)
	h = o.hold(Source{Body: photo(t, 64, 48)})
	fourth := o.asking(t, t.Context(), "/4.jpg")
	receive(t, h.begun, "the fetch begins")
	assert.Equal(t, ResultBusy, o.ask(t, t.Context(), "/5.jpg").result, "it has waited for as long as one may")
	close(h.release)
	receive(t, fourth, "the picture")
}

// A stale picture is served on while nothing can be made, and it is nobody's fault.
func TestABusyOptimizerLeavesStalePicturesAsTheyAre(t *testing.T) {
	o := optimizerFor(t, nil)
	o.ask(t, t.Context(), "/a.jpg")
	o.clock.advance(time.Minute)
	o.SetLimits(1, 1, time.Millisecond)
	h := o.hold(Source{Body: photo(t, 64, 48)})
	other := o.asking(t, t.Context(), "/b.jpg")
	receive(t, h.begun, "the fetch begins")
	stale := o.ask(t, t.Context(), "/a.jpg")
	assert.Equal(t, []any{ResultStale, lasting(60)}, []any{stale.result, stale.Header().Get("Cache-Control")})
	o.landed(t, "/a.jpg") // it has given up
	assert.Equal(t, lasting(60), o.ask(t, t.Context(), "/a.jpg").Header().Get("Cache-Control"))
	assert.Zero(t, o.Stats().FailedRevalidations)
	close(h.release)
	receive(t, other, "the picture")
}

func TestCloseWaitsForWhatIsMade(t *testing.T) {
	o := optimizerFor(t, nil)
	begun, finish := make(chan context.Context, 1), make(chan struct{})
	o.origin.change(func(ctx context.Context, _ int, _ string, _ http.Header) (Source, error) {
		begun <- ctx
		<-finish
		return Source{}, networkFailure(ctx, ctx, CauseNetwork, ctx.Err())
	})
	client := o.asking(t, t.Context(), "/a.jpg")
	fetch := receive(t, begun, "the fetch begins")
	closed := make(chan struct{})
	go func() {
		o.Close()
		close(closed)
	}()
	receive(t, fetch.Done(), "the fetch is told to end")
	select {
	case <-closed:
		assert.Fail(t, "closed while something runs")
	default:
	}
	close(finish)
	receive(t, closed, "closed")
	got := receive(t, client, "an answer")
	assert.Equal(t, []any{ResultBusy, http.StatusServiceUnavailable}, []any{got.result, got.Code}, "who is there gets an answer, not an empty 200")
	assert.Equal(t, ResultBusy, o.ask(t, t.Context(), "/a.jpg").result, "nothing is begun any more")
}

// A shutdown is no failure of the source: what is kept stays as it was.
func TestCloseLeavesWhatIsKept(t *testing.T) {
	o := optimizerFor(t, nil)
	o.ask(t, t.Context(), "/a.jpg")
	o.clock.advance(time.Minute)
	h := o.hold(Source{})
	require.Equal(t, ResultStale, o.ask(t, t.Context(), "/a.jpg").result)
	receive(t, h.begun, "the fetch begins")
	o.Close()
	kept := o.ask(t, t.Context(), "/a.jpg")
	assert.Equal(t, []any{ResultStale, lasting(60)}, []any{kept.result, kept.Header().Get("Cache-Control")})
	assert.Zero(t, o.Stats().FailedRevalidations)
}
