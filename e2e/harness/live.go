//go:build e2e

package harness

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// ShellMark is in the part of a streamed page that comes at once.
const ShellMark = `data-testid="shell"`

// Release lets the slow part of a held page go.
func Release(t testing.TB, client *http.Client, base, hold string) {
	t.Helper()
	released := edgetest.Post(t, client, base+"/api/release?id="+hold, "text/plain", "")
	require.Equal(t, http.StatusOK, released.StatusCode, "the page waits for its release: %s", released.Text)
}

// Listen opens the event stream and reads its greeting.
func Listen(t testing.TB, ctx context.Context, client *http.Client, base, protocol, coding string) *stream {
	t.Helper()
	req := edgetest.Request(t, ctx, http.MethodGet, base+"/api/events", nil, "Accept", "text/event-stream")
	events := Open(t, client, req, protocol, coding)
	require.Equal(t, "text/event-stream", events.Header.Get("Content-Type"))
	events.ReadUntil(t, "event: hello\n")
	return events
}

// Wave sends a text to everybody who listens.
func Wave(t testing.TB, client *http.Client, base, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(t, err)
	sent := edgetest.Post(t, client, base+"/api/events", "application/json", string(body))
	require.Equal(t, http.StatusOK, sent.StatusCode, sent.Text)
}

// ListenerStats counts those who listen to events of the application, and those who have left.
type ListenerStats struct{ Listeners, Closed int }

// Listeners asks the application for them.
func Listeners(t testing.TB, client *http.Client, a *App) ListenerStats {
	t.Helper()
	var stats ListenerStats
	require.NoError(t, json.Unmarshal([]byte(edgetest.Get(t, client, a.URL("/api/events/stats")).Text), &stats))
	return stats
}
