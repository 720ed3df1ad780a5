//go:build e2e

package stream_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Node.js closes a connection that was idle for 5 s. A POST sent on one that is closing cannot be repeated. The edge
// must have given the connection up before.
func TestAPOSTAfterAPauseIsAnswered(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	// Just below, at, and beyond the time after which Node.js closes, in parallel; these pauses are what the test is
	// about.
	pauses := []time.Duration{
		4500 * time.Millisecond, 4900 * time.Millisecond, 4990 * time.Millisecond, 5000 * time.Millisecond, 5010 * time.Millisecond,
		5100 * time.Millisecond, 5500 * time.Millisecond, 6000 * time.Millisecond,
	}
	client := e.Client(t, edgetest.H1)
	failures := make([]string, 2*len(pauses))
	var group sync.WaitGroup
	for i := range failures {
		group.Go(func() {
			for round, pause := range []time.Duration{0, pauses[i%len(pauses)]} {
				time.Sleep(pause)
				text := fmt.Sprintf("round %d of connection %d", round, i)
				res, err := client.Post(e.TLSURL("/api/upload"), "text/plain", strings.NewReader(text))
				if err != nil {
					failures[i] += err.Error()
					return
				}
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					failures[i] += fmt.Sprintf("status %d after %s; ", res.StatusCode, pause)
				}
			}
		})
	}
	group.Wait()
	assert.Empty(t, strings.Join(failures, ""))
}
