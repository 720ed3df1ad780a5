//go:build e2e

package outage_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// gate is an application that answers what it is asked only when it is let to, but for what the edge itself asks.
type gate struct {
	pass chan struct{} // one for each answer; closed: for all

	mu      sync.Mutex
	arrived []string // in that order
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.UserAgent() == "caddy-nextjs" {
		return
	}
	g.mu.Lock()
	g.arrived = append(g.arrived, r.RequestURI)
	g.mu.Unlock()
	select {
	case <-g.pass:
		_, _ = io.WriteString(w, "answered")
	case <-r.Context().Done():
	}
}

// inOrder returns what has arrived so far.
func (g *gate) inOrder() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.arrived...)
}

// Requests are sent in the order in which they came, where one at a time is.
func TestTheFirstThatWaitsIsTheFirstThatIsSent(t *testing.T) {
	t.Parallel()
	const count = 30
	g := &gate{pass: make(chan struct{})}
	a := newApplication(t, g)
	a.start(t)
	e := startAlone(t, a, "queue 100 30s", "max_concurrent 1")
	client := edgetest.PlainClient(t)
	var want []string
	var list []<-chan outcome
	for n := range count {
		path := fmt.Sprintf("/%d", n)
		want = append(want, path)
		list = append(list, askFor(t, client, e, path)...)
		// The first one is with the application, and all others wait.
		edgetest.Eventually(t, edgetest.Patience, func() bool { return len(g.inOrder()) == 1 }, "the first one arrives")
		waitForQueue(t, e, n)
	}
	close(g.pass)
	requireAnswered(t, list...)
	assert.Equal(t, want, g.inOrder())
}

// An application that is back gets four of five hundred requests at first, and one more with each that it answers, and
// all of them in the end.
func TestAnApplicationThatIsBackIsNotRunOver(t *testing.T) {
	t.Parallel()
	const count, first, answered = 500, 4, 10
	g := &gate{pass: make(chan struct{})}
	a := newApplication(t, g)
	e := startAlone(t, a, "queue 1000 30s")
	client := edgetest.PlainClient(t)
	paths := make([]string, count)
	for n := range paths {
		paths[n] = fmt.Sprintf("/%d", n)
	}
	list := askFor(t, client, e, paths...)
	waitForQueue(t, e, count)
	a.start(t)
	arrive := func(want int) {
		edgetest.Eventually(t, edgetest.Patience, func() bool { return len(g.inOrder()) >= want }, "%d requests arrive", want)
		time.Sleep(time.Second) // more would come by now
		assert.Len(t, g.inOrder(), want)
	}
	arrive(first)
	for range answered {
		g.pass <- struct{}{}
	}
	arrive(first + 2*answered) // each leaves its place, and makes one more
	close(g.pass)
	requireAnswered(t, list...)
	assert.Len(t, g.inOrder(), count, "each is sent once")
}
