//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEventsArriveOneByOne(t *testing.T) {
	e, _ := sharedEdge(t)
	for _, protocol := range protocols {
		for _, coding := range codings {
			t.Run(inShort(protocol)+" "+coding, func(t *testing.T) {
				client := e.client(t, protocol)
				events := listen(t, within(t, patience), client, e.tlsURL(""), protocol, coding)
				for i := range 5 {
					// The next is sent only when this one has arrived.
					text := fmt.Sprintf("wave %d of %s", i, nextMark())
					wave(t, client, e.tlsURL(""), text)
					events.readUntil(t, text+`"}`+"\n\n")
				}
			})
		}
	}
}

func TestTheApplicationLearnsThatAListenerLeft(t *testing.T) {
	e, f := sharedEdge(t)
	client := plainClient(t)
	// Listeners of earlier tests are on their way out.
	eventually(t, patience, func() bool { return listeners(t, client, f.home).Listeners == 0 }, "nobody else listens")
	for _, protocol := range protocols {
		t.Run(inShort(protocol), func(t *testing.T) {
			before := listeners(t, client, f.home).Closed
			ctx, leave := context.WithCancel(within(t, patience))
			listen(t, ctx, e.client(t, protocol), e.tlsURL(""), protocol, "identity")
			require.Equal(t, 1, listeners(t, client, f.home).Listeners)
			leave()
			eventually(t, patience/6, func() bool { return listeners(t, client, f.home).Closed > before }, "the application sees the listener leave")
			assert.Zero(t, listeners(t, client, f.home).Listeners)
		})
	}
}

// listen opens the event stream and reads its greeting.
func listen(t testing.TB, ctx context.Context, client *http.Client, base, protocol, coding string) *stream {
	t.Helper()
	req := request(t, ctx, http.MethodGet, base+"/api/events", nil, "Accept", "text/event-stream")
	events := open(t, client, req, protocol, coding)
	require.Equal(t, "text/event-stream", events.Header.Get("Content-Type"))
	events.readUntil(t, "event: hello\n")
	return events
}

// wave sends a text to everybody who listens.
func wave(t testing.TB, client *http.Client, base, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(t, err)
	sent := post(t, client, base+"/api/events", "application/json", string(body))
	require.Equal(t, http.StatusOK, sent.StatusCode, sent.body)
}

type listenerStats struct{ Listeners, Closed int }

func listeners(t testing.TB, client *http.Client, a *app) listenerStats {
	t.Helper()
	var stats listenerStats
	require.NoError(t, json.Unmarshal([]byte(get(t, client, a.url("/api/events/stats")).body), &stats))
	return stats
}
