//go:build e2e

package outage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// uploadSize is what a client sends while nobody is there to take it: more than is held anywhere.
const uploadSize = 8 << 20

// busyServer answers what an application has besides pages: uploads with their checksum, events, sockets.
func busyServer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/upload":
		hash := sha256.New()
		if _, err := io.Copy(hash, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, hex.EncodeToString(hash.Sum(nil)))
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: hello\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case "/socket":
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		if kind, message, err := conn.Read(r.Context()); err == nil {
			_ = conn.Write(r.Context(), kind, message)
		}
	}
}

// A form that is longer than what is held of it waits, and arrives whole, once.
func TestAnUploadWaits(t *testing.T) {
	t.Parallel()
	body := make([]byte, uploadSize)
	random := rand.New(rand.NewPCG(1, 2)) // it must be the same at every call
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	sum := sha256.Sum256(body)
	for _, protocol := range []string{edgetest.H1, edgetest.H2} {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, http.HandlerFunc(busyServer))
			e := startAlone(t, a, "queue 10 30s")
			client := e.Client(t, protocol)
			waiting := asking(client, edgetest.Request(t, t.Context(), http.MethodPost, e.TLSURL("/upload"), bytes.NewReader(body)))
			waitForQueue(t, e, 1)
			time.Sleep(time.Second)
			a.start(t)
			o := edgetest.Receive(t, waiting, "it is answered")
			require.NoError(t, o.err)
			assert.Equal(t, http.StatusOK, o.status)
			assert.Equal(t, hex.EncodeToString(sum[:]), o.text)
			assert.Equal(t, 1, a.got("POST /upload"))
		})
	}
}

// An event stream begins when the application is there.
func TestAnEventStreamWaits(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{edgetest.H1, edgetest.H2} {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			t.Parallel()
			a := newApplication(t, http.HandlerFunc(busyServer))
			e := startAlone(t, a, "queue 10 30s")
			heard := make(chan string, 1)
			client := e.Client(t, protocol)
			req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet, e.TLSURL("/events"), nil, "Accept", "text/event-stream")
			go func() {
				res, err := client.Do(req)
				if err != nil {
					heard <- err.Error()
					return
				}
				defer res.Body.Close()
				text := make([]byte, len("data: hello\n\n"))
				_, _ = io.ReadFull(res.Body, text)
				heard <- res.Proto + " " + string(text)
			}()
			waitForQueue(t, e, 1)
			a.start(t)
			assert.Equal(t, protocol+" data: hello\n\n", edgetest.Receive(t, heard, "the first event"))
			assert.Equal(t, 1, a.got("GET /events"))
		})
	}
}

// A WebSocket is opened when the application is there.
func TestASocketWaits(t *testing.T) {
	t.Parallel()
	a := newApplication(t, http.HandlerFunc(busyServer))
	e := startAlone(t, a, "queue 10 30s")
	ctx := edgetest.Within(t, edgetest.Patience)
	heard := make(chan string, 1)
	go func() {
		conn, _, err := websocket.Dial(ctx, strings.Replace(e.URL("/socket"), "http", "ws", 1), nil)
		if err != nil {
			heard <- err.Error()
			return
		}
		defer func() { _ = conn.CloseNow() }()
		_ = conn.Write(ctx, websocket.MessageText, []byte("is anybody there"))
		_, said, _ := conn.Read(ctx)
		heard <- string(said)
	}()
	waitForQueue(t, e, 1)
	a.start(t)
	assert.Equal(t, "is anybody there", edgetest.Receive(t, heard, "the echo"))
	assert.Equal(t, 1, a.got("GET /socket"))
}
