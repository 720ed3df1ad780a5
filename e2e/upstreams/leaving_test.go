//go:build e2e

package upstreams_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// `next start` stops so: what it has is answered, and DNS names it until its container is gone.
func TestAReplicaThatStopsCostsNoRequest(t *testing.T) {
	t.Parallel()
	e, _, replicas := startService(t, 3, 3)
	l := startLoad(t, e)
	for _, r := range replicas {
		edgetest.Eventually(t, edgetest.Patience, r.isBusy, "%s is at a slow answer", r.host)
	}

	l.stopBetween(t, replicas[0], replicas...)
	replicas[0].stop(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(t, e, replicas[0], "unhealthy") == 1 },
		"it is out of rotation")
	l.goesOn(t, 50)
	replicas[0].start(t)
	started := replicas[0].arrived()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return replicas[0].arrived() > started },
		"it is used again")
	l.requireGood(t)
}

// Streams of one that has gone end so that their clients come back, to another one.
func TestEventStreamsOfAReplicaThatHasGoneComeBackToAnother(t *testing.T) {
	t.Parallel()
	e, dns, replicas := startService(t, 2, 2)
	client, ctx := edgetest.PlainClient(t), edgetest.Within(t, 2*edgetest.Patience)
	by := map[string][]*events{}
	for range 20 {
		s := listen(t, ctx, client, e.URL("/events"))
		by[s.host] = append(by[s.host], s)
	}
	going, staying := by[replicas[0].host], by[replicas[1].host]
	require.NotEmpty(t, going)
	require.NotEmpty(t, staying)

	rename(dns, replicas[1])
	for _, s := range going {
		edgetest.Receive(t, s.ended, "a stream of the one that has gone ends")
		require.NoError(t, s.err, "in good order")
		assert.Regexp(t, `^retry: \d+\n\n$`, s.rest)
		again := listen(t, ctx, client, e.URL("/events"))
		assert.Equal(t, replicas[1].host, again.host)
		staying = append(staying, again)
	}
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return stateOf(t, e, replicas[0], "draining") == 0
	}, "the one that has gone is forgotten")
	for _, s := range staying {
		assert.True(t, s.isOpen(), "those of the other one go on")
	}
}

// events is a stream of events as its client sees it.
type events struct {
	host  string
	ended chan struct{}
	rest  string // that came after the first event
	err   error
}

// listen opens a stream of events and reads the first one.
func listen(t testing.TB, ctx context.Context, client *http.Client, url string) *events {
	t.Helper()
	res, err := client.Do(edgetest.Request(t, ctx, http.MethodGet, url, nil, "Accept", "text/event-stream"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	var text []byte
	for one := make([]byte, 1); len(text) < 2 || string(text[len(text)-2:]) != "\n\n"; text = append(text, one[0]) {
		_, err := io.ReadFull(res.Body, one)
		require.NoError(t, err, string(text))
	}
	s := &events{ended: make(chan struct{})}
	_, err = fmt.Sscanf(string(text), "data: %s", &s.host)
	require.NoError(t, err)
	go func() {
		defer close(s.ended)
		var rest []byte
		rest, s.err = io.ReadAll(res.Body)
		s.rest = string(rest)
	}()
	return s
}

func (s *events) isOpen() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}
