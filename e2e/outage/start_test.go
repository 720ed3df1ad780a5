//go:build e2e

package outage_test

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// numbered returns paths for as many requests.
func numbered(count int) (paths []string) {
	for i := range count {
		paths = append(paths, fmt.Sprintf("/page/%d", i))
	}
	return paths
}

// The edge is there first: requests wait, and each is sent once.
func TestTheEdgeIsStartedBeforeTheApplication(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	e := startAlone(t, a, "queue 512 30s")
	paths := numbered(50)
	waiting := askFor(t, edgetest.PlainClient(t), e, paths...)
	waitForQueue(t, e, len(paths))
	time.Sleep(2 * time.Second)
	a.start(t)
	for i, one := range waiting {
		o := edgetest.Receive(t, one, "it is answered")
		assert.NoError(t, o.err)
		assert.Equal(t, http.StatusOK, o.status)
		assert.Equal(t, "GET "+paths[i]+" answered", o.text)
		assert.Equal(t, 1, a.got("GET "+paths[i]))
	}
	assert.Equal(t, len(paths), queued(t, e, "sent"))
}

// The application takes connections before it can answer, as one does that is still compiling: nobody gets an error.
func TestAnApplicationThatIsDeafAtFirst(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"asked nothing": {"queue 512 30s"},
		"asked a path":  {"queue 512 30s", "health /healthz"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, nil)
			serve := a.startDeaf(t)
			e := startAlone(t, a, words...)
			paths := numbered(50)
			client := edgetest.PlainClient(t)
			waiting := askFor(t, client, e, paths...)
			time.Sleep(8 * time.Second) // more than silence
			late := askFor(t, client, e, "/late")
			time.Sleep(time.Second)
			serve()
			requireAnswered(t, append(waiting, late...)...)
			for _, path := range append(paths, "/late") {
				assert.Equal(t, 1, a.got("GET "+path), path)
			}
		})
	}
}

// The application answers with errors until it has started. Where the edge asks it how it is, requests wait for that;
// else nobody knows, and they get what it says.
func TestAnApplicationThatFailsAtFirst(t *testing.T) {
	t.Parallel()
	failing := func(t *testing.T) (a *application, isWell *atomic.Bool) {
		t.Helper()
		isWell = new(atomic.Bool)
		a = newApplication(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isWell.Load() {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, nameOf(r)+" answered")
		}))
		a.start(t)
		return a, isWell
	}
	t.Run("it is asked a path", func(t *testing.T) {
		t.Parallel()
		a, isWell := failing(t)
		e := startAlone(t, a, "queue 512 30s", "health /healthz")
		edgetest.Eventually(t, edgetest.Patience, func() bool { return a.got("GET /healthz") >= 2 }, "it is known to be unfit")
		paths := numbered(20)
		waiting := askFor(t, edgetest.PlainClient(t), e, paths...)
		waitForQueue(t, e, len(paths))
		assert.Zero(t, a.got("GET "+paths[0]), "nothing is sent to it")
		isWell.Store(true)
		requireAnswered(t, waiting...)
	})
	t.Run("it is asked nothing", func(t *testing.T) {
		t.Parallel()
		a, isWell := failing(t)
		e := startAlone(t, a)
		client := edgetest.PlainClient(t)
		answer := edgetest.Get(t, client, e.URL("/page"))
		assert.Equal(t, http.StatusInternalServerError, answer.StatusCode)
		assert.Equal(t, "GET /page answered", answer.Text, "it is the application's own")
		isWell.Store(true)
		assert.Equal(t, http.StatusOK, edgetest.Get(t, client, e.URL("/page")).StatusCode)
	})
}
