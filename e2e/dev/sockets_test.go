//go:build e2e

package dev_test

import (
	"fmt"
	"net/url"
	"sync"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
)

// socketLog is what a browser window tells of the WebSockets of its document.
type socketLog struct {
	mu      sync.Mutex
	sockets map[network.RequestID]*socketFacts
}

type socketFacts struct {
	path           string
	status         int64 // of the answer to its handshake
	sent, received int
	closed         bool
	errors         []string
}

func newSocketLog() *socketLog { return &socketLog{sockets: map[network.RequestID]*socketFacts{}} }

func (l *socketLog) note(event any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := func(id network.RequestID) *socketFacts {
		if l.sockets[id] == nil {
			l.sockets[id] = new(socketFacts)
		}
		return l.sockets[id]
	}
	switch e := event.(type) {
	case *cdppage.EventFrameNavigated:
		// The browser says nothing of the sockets that end with their document.
		if e.Frame.ParentID == "" {
			clear(l.sockets)
		}
	case *network.EventWebSocketCreated:
		if u, err := url.Parse(e.URL); err == nil {
			of(e.RequestID).path = u.Path
		}
	case *network.EventWebSocketHandshakeResponseReceived:
		of(e.RequestID).status = e.Response.Status
	case *network.EventWebSocketFrameSent:
		of(e.RequestID).sent++
	case *network.EventWebSocketFrameReceived:
		of(e.RequestID).received++
	case *network.EventWebSocketFrameError:
		s := of(e.RequestID)
		s.errors = append(s.errors, fmt.Sprintf("%s: %s", s.path, e.ErrorMessage))
	case *network.EventWebSocketClosed:
		of(e.RequestID).closed = true
	}
}

// open returns the sockets of a path that were accepted and are still open.
func (l *socketLog) open(path string) (found []socketFacts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sockets {
		if s.path == path && s.status == 101 && !s.closed {
			found = append(found, *s)
		}
	}
	return found
}

// all returns every socket of the document.
func (l *socketLog) all() (found []socketFacts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sockets {
		found = append(found, *s)
	}
	return found
}
