//go:build e2e

package upstreams_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	// loadEvery is the pause between two requests of a load, whatever becomes of them: 50 a second.
	loadEvery = 20 * time.Millisecond
	// slowEvery is how many quick requests there are to a slow one.
	slowEvery = 10
	// seenWithin is how long a change of DNS may take to be seen: a second until it is asked, and one to be answered.
	seenWithin = 2 * time.Second
	// quickly is far more than an answer needs that waits for nobody, and less than it has if it waits.
	quickly = 2 * time.Second
)

// answer is what has become of a request.
type answer struct {
	path   string
	begun  time.Time
	took   time.Duration
	status int
	by     string // the body: the host of the replica
	err    error
}

func (a answer) isGood() bool { return a.err == nil && a.status == http.StatusOK }

func (a answer) ended() time.Time { return a.begun.Add(a.took) }

func (a answer) String() string {
	return fmt.Sprintf("%s at %s, after %s: %d %q %v", a.path, a.begun.Format("05.000"), a.took, a.status, a.by, a.err)
}

// load asks a site at a steady pace for /quick, and some times for /slow.
type load struct {
	client *http.Client
	base   string
	stop   func() // ends it, and waits for the answers

	begins  sync.Mutex // held while a request begins
	mu      sync.Mutex
	answers []answer
	open    map[string]int // how many of a path have not ended
}

// startLoad runs a load until the end of the test, or stop.
func startLoad(t testing.TB, base string) *load {
	t.Helper()
	l := &load{client: edgetest.PlainClient(t), base: base, open: map[string]int{}}
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	asking.Go(func() {
		ticker := time.NewTicker(loadEvery)
		defer ticker.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			l.begin(&asking, "/quick")
			if n%slowEvery == 0 {
				l.begin(&asking, "/slow")
			}
		}
	})
	l.stop = sync.OnceFunc(func() {
		cancel()
		asking.Wait()
	})
	t.Cleanup(l.stop)
	return l
}

func (l *load) begin(asking *sync.WaitGroup, path string) {
	l.begins.Lock()
	defer l.begins.Unlock()
	l.count(path, 1)
	asking.Go(func() { l.ask(path) })
}

func (l *load) ask(path string) {
	a := answer{path: path, begun: time.Now()}
	a.status, a.by, a.err = get(l.client, l.base+path)
	a.took = time.Since(a.begun)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[path]--
	l.answers = append(l.answers, a)
}

func (l *load) count(path string, n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[path] += n
	return l.open[path]
}

// stopBetween has a replica refuse connections while no request is on its way to one. Connections that nobody has taken
// are reset when a listener closes, and who has sent a request by one cannot know that nobody has read it.
func (l *load) stopBetween(t testing.TB, stopping *replica, replicas ...*replica) {
	t.Helper()
	l.begins.Lock()
	defer l.begins.Unlock()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		arrived := 0
		for _, r := range replicas {
			arrived += r.countSlow(0)
		}
		return l.count("/quick", 0) == 0 && l.count("/slow", 0) == arrived
	}, "all requests have arrived")
	stopping.refuse(t)
}

func get(client *http.Client, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), edgetest.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// since returns the answers to requests for a path that began after a moment, in the order in which they began.
func (l *load) since(moment time.Time, path string) []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []answer
	for _, a := range l.answers {
		if a.path == path && a.begun.After(moment) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b answer) int { return a.begun.Compare(b.begun) })
	return list
}

// all returns all answers.
func (l *load) all() []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.answers)
}

// limit is until when a change that was made at a moment must have been seen. What the machine was late by meanwhile,
// which the slowest of the quick answers tells, comes on top.
func (l *load) limit(changed time.Time) time.Time {
	late := time.Duration(0)
	for _, a := range l.since(changed.Add(-time.Second), "/quick") {
		late = max(late, a.took)
	}
	return changed.Add(seenWithin + late)
}

// goesOn waits until so many more quick requests were answered.
func (l *load) goesOn(t testing.TB, n int) {
	t.Helper()
	from := time.Now()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return len(l.since(from, "/quick")) >= n }, "the load goes on")
}

// requireUsed waits until each of the replicas has answered after a change, and checks that it did soon.
func (l *load) requireUsed(t testing.TB, changed time.Time, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		var first answer
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			answers := l.since(changed, "/quick")
			i := slices.IndexFunc(answers, func(a answer) bool { return a.by == r.host && a.isGood() })
			if i >= 0 {
				first = answers[i]
			}
			return i >= 0
		}, "%s is used", r.host)
		assert.WithinRange(t, first.begun, changed, l.limit(changed), "%s is used soon", r.host)
		t.Logf("%s is used after %s", r.host, first.begun.Sub(changed).Round(time.Millisecond))
	}
}

// requireUnused waits for longer than a change may take to be seen, and checks that the replicas have got nothing
// since it must have been.
func (l *load) requireUnused(t testing.TB, changed time.Time, replicas ...*replica) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		answers := l.since(l.limit(changed), "/quick")
		return len(answers) > 0 && time.Since(l.limit(changed)) > time.Second
	}, "the change must have been seen")
	for _, r := range replicas {
		arrived := r.arrivedSince(changed)
		assert.Empty(t, r.arrivedSince(l.limit(changed)), "%s gets nothing more", r.host)
		if len(arrived) > 0 {
			t.Logf("%s got its last request after %s", r.host, arrived[len(arrived)-1].Sub(changed).Round(time.Millisecond))
		}
	}
}

// requireGood checks that no request has failed, but while there was no replica: then each has, and without waiting.
func (l *load) requireGood(t testing.TB, outages ...outage) {
	t.Helper()
	l.stop()
	answers := l.all()
	require.NotEmpty(t, answers)
	for _, a := range answers {
		may, must := false, false
		for _, o := range outages {
			may = may || a.begun.After(o.begun) && a.begun.Before(l.limit(o.over))
			must = must || a.begun.After(l.limit(o.begun)) && a.begun.Before(o.over)
		}
		switch {
		case a.isGood():
			assert.False(t, must, "who has answered? %s", a)
		case may:
			assert.Equal(t, http.StatusServiceUnavailable, a.status, a)
			assert.Less(t, a.took, quickly, a)
		default:
			assert.Fail(t, "a request has failed", a.String())
		}
	}
}
