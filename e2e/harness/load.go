//go:build e2e

package harness

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// FromHeader is where a server that stands in for an application says who it is.
const FromHeader = "X-From"

// Mix is what a load asks for, at a steady pace: it does not wait for answers.
type Mix struct {
	Every     time.Duration // between two requests
	Paths     []string      // in turn
	Rare      []string      // in turn, each in the place of the first of RareEvery requests
	RareEvery int
	Limit     time.Duration // for one answer, by default edgetest.Patience
}

func (m *Mix) path(n int) string {
	if n%m.RareEvery == 0 {
		return m.Rare[n/m.RareEvery%len(m.Rare)]
	}
	return m.Paths[n%len(m.Paths)]
}

// Load asks a site all the time, and keeps what became of each request.
type Load struct {
	base    string
	client  *http.Client
	workers *Workers

	begins  sync.Mutex // held while a request begins
	mu      sync.Mutex
	answers []LoadAnswer
	open    map[string]int // requests for a path that have no answer yet
}

// StartLoad begins to ask for paths below base, until Stop or the end of the test.
func StartLoad(t testing.TB, base string, mix Mix) *Load {
	t.Helper()
	l := &Load{base: base, workers: NewWorkers(), open: map[string]int{}, client: &http.Client{
		Timeout:       cmp.Or(mix.Limit, edgetest.Patience),
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1000},
		CheckRedirect: edgetest.StayHere,
	}}
	tick := time.Tick(mix.Every)
	l.workers.Repeat(func(n int) {
		<-tick
		l.begin(mix.path(n))
	})
	t.Cleanup(func() {
		l.Stop()
		l.client.CloseIdleConnections()
	})
	return l
}

func (l *Load) begin(path string) {
	l.begins.Lock()
	defer l.begins.Unlock()
	l.mu.Lock()
	l.open[path]++
	l.mu.Unlock()
	l.workers.group.Go(func() { l.ask(path) })
}

func (l *Load) ask(path string) {
	a := LoadAnswer{Path: path, Began: time.Now()}
	res, err := l.client.Get(l.base + path)
	if err == nil {
		a.Status, a.From = res.StatusCode, res.Header.Get(FromHeader)
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	a.Err, a.Ended = err, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[path]--
	l.answers = append(l.answers, a)
}

// WhileNoneBegins does something between two requests. It may wait for those that are open.
func (l *Load) WhileNoneBegins(what func()) {
	l.begins.Lock()
	defer l.begins.Unlock()
	what()
}

// Open returns how many requests for a path have no answer yet.
func (l *Load) Open(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[path]
}

// Since returns those of the answers so far whose requests began after a moment, in the order in which they began.
func (l *Load) Since(moment time.Time, isWanted func(LoadAnswer) bool) (list []LoadAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.answers {
		if a.Began.After(moment) && isWanted(a) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b LoadAnswer) int { return a.Began.Compare(b.Began) })
	return list
}

// WaitFor waits until Since has count answers, and returns them.
func (l *Load) WaitFor(
	t testing.TB, count int, since time.Time, isWanted func(LoadAnswer) bool, what string, args ...any,
) (list []LoadAnswer) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		list = l.Since(since, isWanted)
		return len(list) >= count
	}, what, args...)
	return list
}

// Stop asks no more, waits for the answers, and returns all in the order in which their requests began.
func (l *Load) Stop() []LoadAnswer {
	l.workers.Stop()
	return l.Since(time.Time{}, func(LoadAnswer) bool { return true })
}

// LoadAnswer is what became of a request.
type LoadAnswer struct {
	Path         string
	Status       int    // 0: no answer came
	From         string // FromHeader
	Err          error  // also of an answer that was cut
	Began, Ended time.Time
}

// IsGood reports whether a whole answer came, with the status 200.
func (a LoadAnswer) IsGood() bool { return a.Err == nil && a.Status == http.StatusOK }

// Took is how long the client waited for the whole answer.
func (a LoadAnswer) Took() time.Duration { return a.Ended.Sub(a.Began) }

// WasOpenAt reports whether the request was on its way at a moment.
func (a LoadAnswer) WasOpenAt(moment time.Time) bool {
	return a.Began.Before(moment) && a.Ended.After(moment)
}

// String is for messages of tests.
func (a LoadAnswer) String() string {
	return fmt.Sprintf("%s at %s, after %s: %d %s %v",
		a.Path, a.Began.Format("15:04:05.000"), a.Took().Round(time.Millisecond), a.Status, a.From, a.Err)
}

// Failed returns the answers that are not good.
func Failed(answers []LoadAnswer) []LoadAnswer {
	return slices.DeleteFunc(slices.Clone(answers), LoadAnswer.IsGood)
}

// RequireNoneFailed says which requests of a load have failed, when, and how.
func RequireNoneFailed(t testing.TB, answers []LoadAnswer) {
	t.Helper()
	RequireFewFailed(t, answers, 0)
}

// RequireFewFailed allows for some that have.
func RequireFewFailed(t testing.TB, answers []LoadAnswer, most int) {
	t.Helper()
	require.Greater(t, len(answers), 40, "the load was none")
	failed := Failed(answers)
	var said strings.Builder
	for _, a := range failed[:min(len(failed), 20)] {
		said.WriteString("\n" + a.String())
	}
	require.LessOrEqual(t, len(failed), most, "%d of %d requests failed:%s", len(failed), len(answers), said.String())
}
