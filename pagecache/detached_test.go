package pagecache

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// parting is an answer of many parts that is too large to be kept, and clients of it.
type parting struct {
	*site
	t    *testing.T
	work sync.WaitGroup
}

const (
	partSize  = 100 << 10
	partCount = 50
)

// begin has the clients ask one after the other, the first of them leads, and returns when all read. The upstream's nth
// answer is made by body.
func (p *parting) begin(body func(answer, part int) string, clients ...http.ResponseWriter) {
	first := make(chan struct{})
	p.site = newSite(p.t, Settings{MaxBody: 1 << 20, Patience: time.Millisecond}, nil)
	p.upstream = func(w http.ResponseWriter, _ *http.Request) {
		answer := int(p.fetches.Load())
		w.Header().Set("Cache-Control", "s-maxage=60")
		w.WriteHeader(http.StatusOK)
		if answer == 1 {
			<-first
		}
		for part := range partCount {
			if _, err := io.WriteString(w, body(answer, part)); err != nil {
				panic(http.ErrAbortHandler) // as httputil.ReverseProxy does
			}
		}
	}
	for i, client := range clients {
		p.work.Go(func() { p.ask(client) })
		require.Eventually(p.t, func() bool { return onlyFlight(p.cache) != nil }, 10*time.Second, time.Millisecond)
		waitForReaders(p.t, onlyFlight(p.cache), i+1)
	}
	close(first)
}

// ask asks for a client. One whose answer is broken off is told by a panic.
func (p *parting) ask(client http.ResponseWriter) {
	if b, ok := client.(*blocked); ok {
		defer func() { b.broken = recover() }()
	}
	_, err := p.serve(client, httptest.NewRequest(http.MethodGet, "/a", nil), p.facts("/a", policy.VariantHTML))
	assert.NoError(p.t, err)
}

func same(_, part int) string { return strings.Repeat(string(rune('a'+part%26)), partSize) }

func wholeOf(answer int, body func(answer, part int) string) string {
	var whole strings.Builder
	for part := range partCount {
		whole.WriteString(body(answer, part))
	}
	return whole.String()
}

// ended is a client that says when it has all of an answer.
type ended struct {
	*httptest.ResponseRecorder
	size int
	all  chan struct{}
}

func newEnded(size int) *ended {
	return &ended{ResponseRecorder: httptest.NewRecorder(), size: size, all: make(chan struct{})}
}

func (e *ended) Write(p []byte) (int, error) {
	n, err := e.ResponseRecorder.Write(p)
	if e.Body.Len() == e.size {
		close(e.all)
	}
	return n, err
}

func TestASlowClientOfATooLargeAnswerHoldsNobodyUp(t *testing.T) {
	want := wholeOf(1, same)
	for name, slowLeads := range map[string]bool{"it came later": false, "it came first": true} {
		t.Run(name, func(t *testing.T) {
			slow, fast := newBlocked(), newEnded(len(want))
			p := &parting{t: t}
			if slowLeads {
				p.begin(same, slow, fast)
			} else {
				p.begin(same, fast, slow)
			}
			<-fast.all
			assert.LessOrEqual(t, p.cache.Stats().Filling, int64(window+lastChunk), "what the slow one has not read is not held")
			close(slow.release)
			p.work.Wait()
			assert.True(t, fast.Body.String() == want, "%d bytes of %d", fast.Body.Len(), len(want))
			assert.True(t, slow.Body.String() == want, "%d bytes of %d", slow.Body.Len(), len(want))
			assert.Nil(t, slow.broken)
			assert.EqualValues(t, 2, p.fetches.Load())
			assert.EqualValues(t, 1, p.cache.Stats().Detached)
			assert.Zero(t, p.cache.Stats().Filling)
		})
	}
}

// One that is slow alone decides how fast its answer comes in, as without a cache.
func TestASlowClientAloneIsWaitedFor(t *testing.T) {
	slow := newBlocked()
	p := &parting{t: t}
	p.begin(same, slow)
	fl := onlyFlight(p.cache)
	require.Eventually(t, func() bool {
		fl.body.mu.Lock()
		defer fl.body.mu.Unlock()
		return fl.body.progress != nil
	}, 10*time.Second, time.Millisecond, "the upstream waits")
	close(slow.release)
	p.work.Wait()
	assert.True(t, slow.Body.String() == wholeOf(1, same))
	assert.EqualValues(t, 1, p.fetches.Load())
}

// Nobody gets the beginning of one answer and the end of another.
func TestAnAnswerThatIsAnotherOneTheSecondTimeBreaksOff(t *testing.T) {
	other := func(answer, _ int) string { return strings.Repeat(string(rune('a'+answer)), partSize) }
	for name, body := range map[string]func(answer, part int) string{
		"another": other,
		"a shorter one": func(answer, part int) string {
			if answer > 1 {
				return ""
			}
			return other(answer, part)
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := wholeOf(1, body)
			slow, fast := newBlocked(), newEnded(len(want))
			p := &parting{t: t}
			p.begin(body, fast, slow)
			<-fast.all
			close(slow.release)
			p.work.Wait()
			assert.Equal(t, http.ErrAbortHandler, slow.broken)
			assert.True(t, strings.HasPrefix(want, slow.Body.String()))
			assert.True(t, fast.Body.String() == want)
		})
	}
}

func TestTheRestOfAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		write   func(w http.ResponseWriter)
		got     string
		refused bool
	}{
		"in one piece":      {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "abcdef") }, "def", false},
		"byte by byte":      {func(w http.ResponseWriter) { writeEach(w, "abcdef") }, "def", false},
		"no more":           {func(w http.ResponseWriter) { writeEach(w, "abc") }, "", false},
		"another beginning": {func(w http.ResponseWriter) { writeEach(w, "abXdef") }, "", true},
		"another status":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); writeEach(w, "abcdef") }, "", true},
		"shorter":           {func(w http.ResponseWriter) { writeEach(w, "ab") }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			client := httptest.NewRecorder()
			var had sent
			had.add([]byte("abc"))
			r := &restWriter{client: client, header: http.Header{}, status: http.StatusOK, had: &had}
			r.repeated.sum.SetSeed(had.sum.Seed())
			c.write(r)
			assert.Equal(t, c.got, client.Body.String())
			assert.Equal(t, c.refused, !r.matches || r.differs)
		})
	}
}

func writeEach(w io.Writer, text string) {
	for _, b := range []byte(text) {
		_, _ = w.Write([]byte{b})
	}
}

// What stands in front of the cache, a log for one, has the client's request too.
func TestAClientsRequestIsNotChanged(t *testing.T) {
	for _, name := range httpheader.Conditions {
		r := asking("/a", name, "x", "Accept", "text/html")
		whole := unconditional(r)
		assert.Equal(t, fields(name, "x", "Accept", "text/html"), r.Header)
		assert.Equal(t, fields("Accept", "text/html"), whole.Header)
	}
	r := asking("/a", "Accept", "text/html")
	assert.Same(t, r, unconditional(r), "there is nothing to leave out")
}
