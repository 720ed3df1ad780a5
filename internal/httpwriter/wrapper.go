// Package httpwriter has what writers of answers share: one that looks at the head on its way, and one to nobody.
package httpwriter

import "net/http"

// Head looks at the head of an answer right before it goes out, and may still change the headers.
type Head interface {
	// OnHead is called once, with the final status of the answer.
	OnHead(status int)
}

// HeadFunc is a function that is a Head.
type HeadFunc func(status int)

// OnHead implements Head.
func (f HeadFunc) OnHead(status int) { f(status) }

// Wrapper passes an answer on, and shows its head to Head. Write and Flush imply 200, as in net/http. What is called
// for a second time is passed on: net/http says so in its log.
type Wrapper struct {
	// ResponseWriter gets the answer. Head may put another in its place, which then gets head and body.
	http.ResponseWriter
	Head Head

	wroteHead bool
}

// Unwrap lets http.ResponseController find the writer's other abilities.
func (w *Wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *Wrapper) WriteHeader(status int) {
	if isFinal(status) && !w.wroteHead {
		w.wroteHead = true
		w.Head.OnHead(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *Wrapper) Write(p []byte) (int, error) {
	w.implyOK()
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *Wrapper) Flush() { _ = w.FlushError() }

// FlushError sends on what was written. It is what http.ResponseController calls.
func (w *Wrapper) FlushError() error {
	w.implyOK()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *Wrapper) implyOK() {
	if !w.wroteHead {
		w.WriteHeader(http.StatusOK)
	}
}

// isFinal reports whether no other head follows one with a status: other 1xx announce one (RFC 9110, 15.2), but after
// 101 the connection speaks another protocol.
func isFinal(status int) bool {
	return status >= http.StatusOK || status == http.StatusSwitchingProtocols
}
