//go:build e2e

package outage_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// loadEvery is the time between two requests of a load, 200 a second: it does not wait for answers.
	loadEvery = 5 * time.Millisecond
	// freshEvery is which of them is for something that is never kept: 40 a second. The others are for kept pages.
	freshEvery = 5
)

// load asks a site all the time: four times for a page that is kept, once for something that never is.
type load struct {
	base   string
	client *http.Client
	stop   chan struct{}
	done   sync.WaitGroup

	mu      sync.Mutex
	answers []loadAnswer
}

// loadAnswer is what became of a request.
type loadAnswer struct {
	path   string
	isKept bool
	status int // 0: none came
	err    error
	began  time.Time
	ended  time.Time
}

func (a *loadAnswer) took() time.Duration { return a.ended.Sub(a.began) }

// startLoad begins to ask for kept pages, and for others, each in turn.
func startLoad(t *testing.T, base string, kept, fresh []string) *load {
	t.Helper()
	l := &load{
		base: base, stop: make(chan struct{}),
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}},
	}
	l.done.Go(func() {
		ticker := time.NewTicker(loadEvery)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-l.stop:
				return
			case <-ticker.C:
			}
			isKept, paths := i%freshEvery > 0, fresh
			if isKept {
				paths = kept
			}
			path := paths[i/freshEvery%len(paths)]
			l.done.Go(func() { l.ask(path, isKept) })
		}
	})
	t.Cleanup(func() { l.end() })
	return l
}

func (l *load) ask(path string, isKept bool) {
	a := loadAnswer{path: path, isKept: isKept, began: time.Now()}
	res, err := l.client.Get(l.base + path)
	if err == nil {
		a.status = res.StatusCode
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	a.err, a.ended = err, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
}

// end stops asking, waits for the answers, and returns them in the order of the requests.
func (l *load) end() []loadAnswer {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.done.Wait()
	slices.SortFunc(l.answers, func(a, b loadAnswer) int { return a.began.Compare(b.began) })
	return l.answers
}

// failed are those that got no answer, or one of the server's errors.
func failed(answers []loadAnswer) (list []loadAnswer) {
	for _, a := range answers {
		if a.err != nil || a.status != http.StatusOK {
			list = append(list, a)
		}
	}
	return list
}

// requireFewFailed says which requests failed, when, and how.
func requireFewFailed(t *testing.T, answers []loadAnswer, most int) {
	t.Helper()
	bad := failed(answers)
	var said strings.Builder
	for _, a := range bad[:min(len(bad), 20)] {
		fmt.Fprintf(&said, "\n%s after %s, at %s: %d %v", a.path, a.took().Round(time.Millisecond), a.began.Format("15:04:05.000"), a.status, a.err)
	}
	require.LessOrEqual(t, len(bad), most, "%d of %d requests failed:%s", len(bad), len(answers), said.String())
}
