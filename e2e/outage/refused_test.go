//go:build e2e

package outage_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Whoever leaves while waiting is counted, frees a place, and nothing is sent for them.
func TestClientsLeaveWhileTheyWait(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{edgetest.H1, edgetest.H2} {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, nil)
			e := startAlone(t, a, "queue 10 30s")
			client := e.Client(t, protocol)
			ctx, leave := context.WithCancel(t.Context())
			leaving, staying := numbered(10)[:6], numbered(10)[6:]
			var gone, there []<-chan outcome
			for _, path := range leaving {
				gone = append(gone, asking(client, edgetest.Request(t, ctx, http.MethodGet, e.TLSURL(path), nil)))
			}
			for _, path := range staying {
				there = append(there, asking(client, edgetest.Request(t, t.Context(), http.MethodGet, e.TLSURL(path), nil)))
			}
			waitForQueue(t, e, 10)
			leave()
			waitForQueue(t, e, len(staying))
			for _, one := range gone {
				require.ErrorIs(t, edgetest.Receive(t, one, "it ends").err, context.Canceled)
			}
			edgetest.Eventually(t, edgetest.Patience, func() bool { return queued(t, e, "left") == len(leaving) }, "they are counted")
			a.start(t)
			requireAnswered(t, there...)
			for _, path := range leaving {
				assert.Zero(t, a.got("GET "+path), "nobody waits for %s", path)
			}
			assert.Equal(t, len(staying), queued(t, e, "sent"))
		})
	}
}

// A time-out of the client is no other end.
func TestClientsTimeOutWhileTheyWait(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	e := startAlone(t, a, "queue 10 30s")
	client := edgetest.PlainClient(t)
	client.Timeout = time.Second
	for _, one := range askFor(t, client, e, numbered(10)...) {
		o := edgetest.Receive(t, one, "it ends")
		var timeout interface{ Timeout() bool }
		require.True(t, errors.As(o.err, &timeout) && timeout.Timeout(), "%v", o.err)
	}
	waitForQueue(t, e, 0)
	a.start(t)
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/after")).StatusCode)
	assert.Zero(t, a.got("GET /page/0"))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return queued(t, e, "left") == 10 }, "they are counted")
}

// refusals are requests for which there is no place, and what they are answered with.
var refusals = []struct {
	name, method string
	headers      []string
	contentType  string
	isRefreshed  bool // a browser asks again by itself
}{
	{"a document", http.MethodGet, []string{"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Dest", "document"}, "text/html; charset=utf-8", true},
	{"a form", http.MethodPost, []string{"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Dest", "document"}, "text/plain; charset=utf-8", false},
	{"a server action", http.MethodPost, []string{"Accept", "text/x-component", "Next-Action", "0012"}, "text/plain; charset=utf-8", false},
	{"a call of an API", http.MethodGet, []string{"Accept", "application/json"}, "application/json", false},
	{"a navigation of Next.js", http.MethodGet, []string{"RSC", "1", "Accept", "*/*"}, "text/plain; charset=utf-8", false},
}

// requireRefused looks at answers to requests that have waited in vain, or could not.
func requireRefused(t *testing.T, e *harness.Edge) {
	t.Helper()
	client := edgetest.PlainClient(t)
	for _, test := range refusals {
		o := edgetest.Receive(t, asking(client, edgetest.Request(t, t.Context(), test.method, e.URL("/page"), nil, test.headers...)), test.name)
		require.NoError(t, o.err)
		assert.Equal(t, http.StatusServiceUnavailable, o.status, test.name)
		assert.Equal(t, "5", o.header.Get("Retry-After"), test.name)
		assert.Contains(t, o.header.Get("Cache-Control"), "no-store", test.name)
		assert.Equal(t, test.contentType, o.header.Get("Content-Type"), test.name)
		if test.isRefreshed {
			assert.Equal(t, "5", o.header.Get("Refresh"), test.name)
			assert.Contains(t, o.text, "<!DOCTYPE html>", test.name)
			continue
		}
		assert.Empty(t, o.header.Get("Refresh"), test.name)
		assert.NotContains(t, o.text, "<", test.name)
		assert.Equal(t, strings.HasSuffix(test.contentType, "json"), json.Valid([]byte(o.text)), test.name)
	}
}

func TestAQueueThatIsFull(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	e := startAlone(t, a, "queue 5 30s")
	paths := numbered(5)
	waiting := askFor(t, edgetest.PlainClient(t), e, paths...)
	waitForQueue(t, e, len(paths))
	requireRefused(t, e)
	assert.Equal(t, len(refusals), queued(t, e, "full"))
	a.start(t)
	requireAnswered(t, waiting...)
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/after")).StatusCode)
}

func TestRequestsThatHaveWaitedForTheirTime(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	e := startAlone(t, a, "queue 5 500ms")
	requireRefused(t, e)
	assert.Equal(t, len(refusals), queued(t, e, "late"))
	assert.Zero(t, queued(t, e, "full"))
}

// A site that has something of its own for errors answers by that.
func TestASiteAnswersWithItsOwnErrors(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	e := harness.StartEdge(t, nil, harness.Setup{
		Zones: "\t\tzone web / " + a.address + " {\n\t\t\tqueue 5 500ms\n\t\t}\n",
		Site:  edgeIsReady + "\thandle_errors 503 {\n\t\theader X-From errors\n\t\trespond \"our own {err.status_code}\"\n\t}\n",
	})
	answer := edgetest.Get(t, edgetest.PlainClient(t), e.URL("/page"), "Accept", "text/html", "Sec-Fetch-Dest", "document")
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Equal(t, "our own 503", answer.Text)
	assert.Equal(t, "errors", answer.Header.Get("X-From"))
	assert.Equal(t, "5", answer.Header.Get("Retry-After"))
	assert.Empty(t, answer.Header.Get("Refresh"))
}
