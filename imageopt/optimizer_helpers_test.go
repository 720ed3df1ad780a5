package imageopt

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// enough bounds waits for what happens at once on an idle machine.
const enough = 30 * time.Second

// clock is moved by the tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// origin is an application that has sources.
type origin struct {
	mu     sync.Mutex
	asked  []string
	answer func(ctx context.Context, n int, href string, forward http.Header) (Source, error)
}

func (o *origin) fetch(ctx context.Context, href string, forward http.Header) (Source, error) {
	o.mu.Lock()
	o.asked = append(o.asked, href)
	n, answer := len(o.asked), o.answer
	o.mu.Unlock()
	return answer(ctx, n, href, forward)
}

func (o *origin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

func (o *origin) change(answer func(ctx context.Context, n int, href string, forward http.Header) (Source, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = answer
}

// constant answers with one source.
func constant(s Source) func(context.Context, int, string, http.Header) (Source, error) {
	return func(context.Context, int, string, http.Header) (Source, error) { return s, nil }
}

// failing answers with a status.
func failing(status int) func(context.Context, int, string, http.Header) (Source, error) {
	return func(context.Context, int, string, http.Header) (Source, error) {
		return Source{}, statusFailure(status, textInternalInvalid)
	}
}

// meter counts nothing but fetches by their cause.
type meter struct {
	mu     sync.Mutex
	causes []FetchCause
	made   []string
	firsts int
}

func (m *meter) Fetched(_ time.Duration, _ int, cause FetchCause) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.causes = append(m.causes, cause)
}

func (m *meter) Transformed(output string, _ time.Duration, _, _ int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = append(m.made, output)
}

func (m *meter) AnsweredFirst() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.firsts++
}

// testOptimizer is an optimizer with all that it needs: a store on disk, a real pipeline, a clock that the test moves.
type testOptimizer struct {
	*Optimizer
	zone   *Zone
	origin *origin
	clock  *clock
	meter  *meter
	logs   *observer.ObservedLogs
}

// optimizerFor returns an optimizer of an application whose one source is 64x48 and fresh for nothing.
func optimizerFor(t *testing.T, change func(*nextbuild.Images)) *testOptimizer {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	store := openStore(t)
	p := pipeline(t, Limits{})
	t.Cleanup(p.Close)
	core, logs := observer.New(zapcore.InfoLevel)
	o := &testOptimizer{Optimizer: NewOptimizer(store, p), origin: &origin{}, clock: newClock(), meter: &meter{}, logs: logs}
	t.Cleanup(o.Close)
	o.now = o.clock.read
	o.origin.answer = constant(Source{Body: photo(t, 64, 48), CacheControl: "max-age=0"})
	o.zone = &Zone{Space: "zone", Deployment: "1", Settings: settings(t, 16, func(i *nextbuild.Images) {
		i.MinimumCacheTTL = 60
		if change != nil {
			change(i)
		}
	}), Log: zap.New(core), Meter: o.meter}
	return o
}

func openStore(t *testing.T) *blobstore.Store {
	t.Helper()
	store, err := blobstore.Open(blobstore.Settings{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// served is what a client gets.
type served struct {
	*httptest.ResponseRecorder
	result Result
}

func (s served) body() string { return s.Body.String() }

// ask asks for a picture of href, 32 pixels wide.
func (o *testOptimizer) ask(t *testing.T, ctx context.Context, href string, headers ...string) served {
	t.Helper()
	return o.askBy(t, ctx, http.MethodGet, href, headers...)
}

func (o *testOptimizer) askBy(t *testing.T, ctx context.Context, method, href string, headers ...string) served {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, "/_next/image?url="+url.QueryEscape(href)+"&w=32&q=75", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	return served{w, o.Serve(w, r, o.zone, Local{Fetch: o.origin.fetch})}
}

// settle waits until nothing is made in the background.
func (o *testOptimizer) settle() { o.flights.Wait() }

// landed waits until nothing is made of a source, 32 pixels wide.
func (o *testOptimizer) landed(t *testing.T, href string) {
	t.Helper()
	asked, refusal := o.zone.parse("url="+url.QueryEscape(href)+"&w=32&q=75", "", o.pipeline.CanEncode)
	require.Nil(t, refusal)
	leader, landed := o.flights.Lead(t.Context(), o.zone.key(asked, ""), enough)
	require.True(t, landed || leader != nil)
	if leader != nil {
		leader.End()
	}
}

// waiting is a context that says when somebody first waits for its end, as who joins others in a flight does.
type waiting struct {
	context.Context
	first func()
}

func (w waiting) Done() <-chan struct{} {
	w.first()
	return w.Context.Done()
}

// until waits for a condition.
func until(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, enough, time.Millisecond, what)
}

// receive waits for what comes over a channel.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(enough):
		require.FailNow(t, "waited in vain: "+what)
		panic("unreachable")
	}
}

// lasting is the answer that a client may keep for some seconds.
func lasting(seconds int) string {
	return "public, max-age=" + strconv.Itoa(seconds) + ", must-revalidate"
}

var errOrigin = errors.New("the origin is tired")

func newExchange(t *testing.T, href string) (*httptest.ResponseRecorder, *http.Request) {
	t.Helper()
	return httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/_next/image?url="+url.QueryEscape(href)+"&w=32&q=75", nil)
}
